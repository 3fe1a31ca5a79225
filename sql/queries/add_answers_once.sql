-- Adds answers as add_answers.sql does, those with a key once (sql/migrations/0024_keyed_writes.sql).
-- $1 JSON array of objects: question_id, body, name, email, photos (an array of URLs), perhaps waits. $2 keys,
-- $3 hashes of the requests.
-- Returns a row for each: what to respond with, and whether that was recorded before.
WITH item AS MATERIALIZED (
    SELECT taken.position, taken.key, taken.request, is_new, status, taken.product_id AS told_product,
        taken.question_id AS told_question, taken.body AS told, value,
        (value->>'question_id')::bigint AS question_id
    FROM take_keys($2::uuid[], $3::uuid[]) AS taken
        JOIN json_array_elements($1::json) WITH ORDINALITY AS given (value, position) USING (position)
), parent AS (
    SELECT id, product_id FROM questions
    WHERE id = ANY (ARRAY(SELECT question_id FROM item WHERE is_new))
        AND CASE WHEN reported THEN NOT question_waits(id) ELSE true END
    ORDER BY id
    FOR KEY SHARE
), numbered AS MATERIALIZED (
    SELECT nextval('answers_id_seq') AS id, product_id, item.*
    FROM item JOIN parent ON parent.id = question_id
    WHERE is_new
), added AS (
    INSERT INTO answers (id, question_id, body, answerer_name, answerer_email, photo_urls, reported)
    SELECT id, question_id, value->>'body', value->>'name', value->>'email', coalesce((
        SELECT json_agg(url ORDER BY place)
        FROM json_array_elements_text(value->'photos') WITH ORDINALITY AS given (url, place)), '[]'), CASE
        WHEN value->'waits' IS NOT NULL
            OR (SELECT true FROM held_products AS held WHERE held.product_id = numbered.product_id)
        THEN hold_item('answer', id) ELSE false END
    FROM numbered
    RETURNING id, body, created_at, answerer_name, reported
), photo AS (
    INSERT INTO answers_photos (answer_id, url)
    SELECT numbered.id, url
    FROM numbered, json_array_elements_text(value->'photos') WITH ORDINALITY AS given (url, place)
    ORDER BY numbered.id, place
    RETURNING id, answer_id, url
), made AS MATERIALIZED (
    SELECT position, product_id, question_id,
        new_answer(added.id, added.body, created_at, answerer_name, (
            SELECT coalesce(json_agg(json_build_object('id', photo.id, 'url', url) ORDER BY photo.id), '[]')
            FROM photo
            WHERE answer_id = added.id)) AS body, CASE WHEN reported THEN 202 ELSE 201 END AS made_status
    FROM numbered JOIN added USING (id)
), result AS MATERIALIZED (
    SELECT position, key, request, is_new, coalesce(made.product_id, told_product) AS product_id,
        coalesce(made.question_id, told_question) AS question_id, coalesce(made.body, told) AS body,
        CASE WHEN NOT is_new THEN status ELSE coalesce(made_status, 404) END AS status
    FROM item LEFT JOIN made USING (position)
), recorded AS (
    INSERT INTO keyed_writes (key, request, status, product_id, question_id, body)
    SELECT key, request, status, product_id, question_id, body FROM result WHERE is_new AND key IS NOT NULL
)
SELECT position, product_id, question_id, body, status, NOT is_new AS is_replayed FROM result
