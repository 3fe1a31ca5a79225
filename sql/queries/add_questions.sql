-- Adds questions and returns each as its list shows it.
-- $1 JSON array of objects: product_id, body, name, email.
WITH item AS (
    SELECT ordinality AS position, nextval('questions_id_seq') AS id,
        (value->>'product_id')::integer AS product_id, value->>'body' AS body,
        value->>'name' AS name, value->>'email' AS email
    FROM json_array_elements($1::json) WITH ORDINALITY
), added AS (
    INSERT INTO questions (id, product_id, body, asker_name, asker_email)
    SELECT id, product_id, body, name, email FROM item
    RETURNING id, product_id, body, created_at, asker_name
)
SELECT position, added.product_id, id AS question_id,
    new_question(id, added.body, created_at, asker_name) AS body
FROM item JOIN added USING (id)
