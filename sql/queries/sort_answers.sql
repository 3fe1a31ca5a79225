-- One page of a question's answers in an order of its own, as list_answers.sql has them otherwise.
-- $1 question, $2 page and $3 count for the envelope, $4 offset, $5 the order, as
-- include/pages/page_key.h numbers them.
SELECT json_build_object(
    'question', $1::bigint::text,
    'page', $2::bigint,
    'count', $3::bigint,
    'results', coalesce(json_agg(shown), '[]'))
FROM (
    SELECT id AS answer_id, body, iso_8601(created_at) AS date, answerer_name,
        helpful AS helpfulness,
        CASE WHEN octet_length(photo_urls::text) BETWEEN 3 AND 4 * 1024 * 1024 / $3::bigint THEN (
            SELECT coalesce(json_agg(photo), '[]')
            FROM (
                SELECT id, url::text FROM answers_photos
                WHERE answer_id = answer.id
                ORDER BY id) AS photo) ELSE '[]' END AS photos
    FROM unnest(answers_in_order($1::bigint,
            (ARRAY['helpful', 'newest', 'oldest'])[$5::integer + 1], $3::bigint, $4::bigint))
        WITH ORDINALITY AS of_page (id, position)
    JOIN answers AS answer USING (id)
    ORDER BY position) AS shown
