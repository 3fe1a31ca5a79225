-- Adds questions as add_questions.sql does, those with a key once (sql/migrations/0024_keyed_writes.sql).
-- $1 JSON array of objects: product_id, body, name, email, perhaps waits. $2 keys, $3 hashes of the requests.
-- Returns a row for each: what to respond with, and whether that was recorded before.
WITH item AS MATERIALIZED (
    SELECT taken.*, CASE WHEN is_new THEN nextval('questions_id_seq') END AS id, value,
        (value->>'product_id')::integer AS asked_product
    FROM take_keys($2::uuid[], $3::uuid[]) AS taken
        JOIN json_array_elements($1::json) WITH ORDINALITY AS given (value, position) USING (position)
), added AS (
    INSERT INTO questions (id, product_id, body, asker_name, asker_email, reported)
    SELECT id, asked_product, value->>'body', value->>'name', value->>'email', CASE
        WHEN value->'waits' IS NOT NULL
            OR (SELECT true FROM held_products AS held WHERE held.product_id = asked_product)
        THEN hold_item('question', id) ELSE false END
    FROM item WHERE is_new
    RETURNING id, product_id, body, created_at, asker_name, reported
), made AS MATERIALIZED (
    SELECT position, key, request, added.product_id, id AS question_id,
        new_question(id, added.body, created_at, asker_name) AS body,
        CASE WHEN reported THEN 202 ELSE 201 END AS status
    FROM item JOIN added USING (id)
), recorded AS (
    INSERT INTO keyed_writes (key, request, status, product_id, question_id, body)
    SELECT key, request, status, product_id, question_id, body FROM made WHERE key IS NOT NULL
)
SELECT position, coalesce(made.product_id, item.product_id) AS product_id,
    coalesce(made.question_id, item.question_id) AS question_id,
    coalesce(made.body, item.body) AS body, coalesce(made.status, item.status) AS status,
    NOT is_new AS is_replayed
FROM item LEFT JOIN made USING (position)
