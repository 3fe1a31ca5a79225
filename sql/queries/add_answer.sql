-- Adds an answer with its photos and returns it as its list shows it; no row when the question
-- does not exist. The question is locked first, so that it cannot go away in between.
-- $1 question, $2 body, $3 name, $4 e-mail, $5 JSON array of photo URLs.
WITH parent AS (
    SELECT id FROM questions WHERE id = $1::bigint FOR KEY SHARE
), answer AS (
    INSERT INTO answers (question_id, body, answerer_name, answerer_email)
    SELECT id, $2::text, $3::text, $4::text FROM parent
    RETURNING id, body, created_at, answerer_name, helpful
), photo AS (
    INSERT INTO answers_photos (answer_id, url)
    SELECT answer.id, given.url
    FROM answer, json_array_elements_text($5::json) WITH ORDINALITY AS given (url, position)
    ORDER BY given.position
    RETURNING id, url
)
SELECT json_build_object(
    'answer_id', id,
    'body', body,
    'date', iso_8601(created_at),
    'answerer_name', answerer_name,
    'helpfulness', helpful,
    'photos', (
        SELECT coalesce(json_agg(json_build_object('id', photo.id, 'url', photo.url)
                                 ORDER BY photo.id), '[]')
        FROM photo))
FROM answer
