-- Adds answers with their photos and returns each as its list shows it; those to questions that do
-- not exist, or wait for a moderator, are left out. The questions are locked first, in the order of their ids,
-- so that none goes away in between. An answer that waits itself is hidden
-- (sql/migrations/0027_premoderation.sql); its status is 202, that of others 201.
-- $1 JSON array of objects: question_id, body, name, email, photos (an array of URLs); and waits, where it does
-- whatever the product.
WITH item AS (
    SELECT ordinality AS position, (value->>'question_id')::bigint AS question_id,
        value->>'body' AS body, value->>'name' AS name, value->>'email' AS email,
        value->'photos' AS photos, value->'waits' IS NOT NULL AS waits
    FROM json_array_elements($1::json) WITH ORDINALITY
), parent AS (
    SELECT id, product_id FROM questions
    WHERE id = ANY (ARRAY(SELECT question_id FROM item))
        AND CASE WHEN reported THEN NOT question_waits(id) ELSE true END
    ORDER BY id
    FOR KEY SHARE
), numbered AS MATERIALIZED (
    SELECT nextval('answers_id_seq') AS id, product_id, item.*
    FROM item JOIN parent ON parent.id = question_id
), added AS (
    INSERT INTO answers (id, question_id, body, answerer_name, answerer_email, photo_urls, reported)
    SELECT id, question_id, body, name, email, coalesce((
        SELECT json_agg(url ORDER BY place)
        FROM json_array_elements_text(photos) WITH ORDINALITY AS given (url, place)), '[]'), CASE
        WHEN waits OR (SELECT true FROM held_products AS held WHERE held.product_id = numbered.product_id)
        THEN hold_item('answer', id) ELSE false END
    FROM numbered
    RETURNING id, body, created_at, answerer_name, reported
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
        WHERE answer_id = added.id)) AS body, CASE WHEN reported THEN 202 ELSE 201 END AS status
FROM numbered JOIN added USING (id)
