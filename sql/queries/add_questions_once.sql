-- Adds questions as add_questions.sql does, those with a key once (sql/migrations/0024_keyed_writes.sql).
-- $1 JSON array of objects: product_id, body, name, email. $2 keys, $3 hashes of the requests.
-- Returns a row for each: what to respond with, and whether that was recorded before.
WITH item AS MATERIALIZED (
    SELECT taken.*, CASE WHEN is_new THEN nextval('questions_id_seq') END AS id, value
    FROM take_keys($2::uuid[], $3::uuid[]) AS taken
        JOIN json_array_elements($1::json) WITH ORDINALITY AS given (value, position) USING (position)
), added AS (
    INSERT INTO questions (id, product_id, body, asker_name, asker_email)
    SELECT id, (value->>'product_id')::integer, value->>'body', value->>'name', value->>'email'
    FROM item WHERE is_new
    RETURNING id, product_id, body, created_at, asker_name
), made AS MATERIALIZED (
    SELECT position, key, request, added.product_id, id AS question_id,
        new_question(id, added.body, created_at, asker_name) AS body
    FROM item JOIN added USING (id)
), recorded AS (
    INSERT INTO keyed_writes (key, request, status, product_id, question_id, body)
    SELECT key, request, 201, product_id, question_id, body FROM made WHERE key IS NOT NULL
)
SELECT position, coalesce(made.product_id, item.product_id) AS product_id,
    coalesce(made.question_id, item.question_id) AS question_id,
    coalesce(made.body, item.body) AS body, CASE WHEN is_new THEN 201 ELSE status END AS status,
    NOT is_new AS is_replayed
FROM item LEFT JOIN made USING (position)
