-- Adds answers with their photos and returns each as its list shows it; those to questions that do
-- not exist are left out. The questions are locked first, in the order of their ids, so that none
-- goes away in between.
-- $1 JSON array of objects: question_id, body, name, email, photos (an array of URLs).
WITH item AS (
    SELECT ordinality AS position, (value->>'question_id')::bigint AS question_id,
        value->>'body' AS body, value->>'name' AS name, value->>'email' AS email,
        value->'photos' AS photos
    FROM json_array_elements($1::json) WITH ORDINALITY
), parent AS (
    SELECT id, product_id FROM questions
    WHERE id = ANY (ARRAY(SELECT question_id FROM item))
    ORDER BY id
    FOR KEY SHARE
), numbered AS MATERIALIZED (
    SELECT nextval('answers_id_seq') AS id, product_id, item.*
    FROM item JOIN parent ON parent.id = question_id
), added AS (
    INSERT INTO answers (id, question_id, body, answerer_name, answerer_email, photo_urls)
    SELECT id, question_id, body, name, email, coalesce((
        SELECT json_agg(url ORDER BY place)
        FROM json_array_elements_text(photos) WITH ORDINALITY AS given (url, place)), '[]')
    FROM numbered
    RETURNING id, body, created_at, answerer_name
), photo AS (
    INSERT INTO answers_photos (answer_id, url)
    SELECT numbered.id, url
    FROM numbered, json_array_elements_text(photos) WITH ORDINALITY AS given (url, place)
    ORDER BY numbered.id, place
    RETURNING id, answer_id, url
)
SELECT position, product_id, question_id,
    new_answer(added.id, added.body, created_at, answerer_name, (
        SELECT coalesce(json_agg(json_build_object('id', photo.id, 'url', url) ORDER BY photo.id), '[]')
        FROM photo
        WHERE answer_id = added.id)) AS body
FROM numbered JOIN added USING (id)
