-- Adds questions and returns each as its list shows it. One that waits for a moderator is hidden
-- (sql/migrations/0027_premoderation.sql); its status is 202, that of others 201.
-- $1 JSON array of objects: product_id, body, name, email; and waits, where it does whatever the product.
WITH item AS (
    SELECT ordinality AS position, nextval('questions_id_seq') AS id,
        (value->>'product_id')::integer AS product_id, value->>'body' AS body,
        value->>'name' AS name, value->>'email' AS email, value->'waits' IS NOT NULL AS waits
    FROM json_array_elements($1::json) WITH ORDINALITY
), added AS (
    INSERT INTO questions (id, product_id, body, asker_name, asker_email, reported)
    SELECT id, product_id, body, name, email, CASE
        WHEN waits OR (SELECT true FROM held_products AS held WHERE held.product_id = item.product_id)
        THEN hold_item('question', id) ELSE false END
    FROM item
    RETURNING id, product_id, body, created_at, asker_name, reported
)
SELECT position, added.product_id, id AS question_id,
    new_question(id, added.body, created_at, asker_name) AS body, CASE WHEN reported THEN 202 ELSE 201 END AS status
FROM item JOIN added USING (id)
