-- One page of a question's answers with their photos, whether the question is reported or not, and whether
-- the list goes on after it. The photos of an answer are left out when their URLs take more than its share of
-- 4 MiB, which no answer does on a page of 64 or fewer.
-- $1 question, $2 page and $3 count for the envelope, $4 offset.
SELECT json_build_object(
    'question', $1::bigint::text,
    'page', $2::bigint,
    'count', $3::bigint,
    'results', coalesce(json_agg(shown), '[]')),
    CASE WHEN count(*) < $3::bigint THEN false ELSE EXISTS (
        SELECT FROM answers
        WHERE question_id = $1::bigint AND NOT reported
        OFFSET $3::bigint + $4::bigint) END AS has_more
FROM (
    SELECT id AS answer_id, body, iso_8601(created_at) AS date, answerer_name,
        helpful AS helpfulness,
        CASE WHEN octet_length(photo_urls::text) BETWEEN 3 AND 4 * 1024 * 1024 / $3::bigint THEN (
            SELECT coalesce(json_agg(photo), '[]')
            FROM (
                SELECT id, url::text FROM answers_photos
                WHERE answer_id = answer.id
                ORDER BY id) AS photo) ELSE '[]' END AS photos
    FROM (
        SELECT * FROM shown_answers($1::bigint, $3::bigint + $4::bigint)
        ORDER BY helpful DESC, id
        LIMIT $3::bigint OFFSET $4::bigint) AS answer) AS shown
