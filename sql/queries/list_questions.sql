-- One page of a product's questions, each with its answers and their photos.
-- $1 product, $2 count, $3 offset, $4 most answers for each question.
SELECT json_build_object(
    'product_id', $1::integer::text,
    'results', coalesce(json_agg(shown), '[]'))
FROM (
    SELECT id AS question_id, body::text AS question_body, iso_8601(created_at) AS question_date,
        asker_name::text, helpful AS question_helpfulness, reported, (
            SELECT coalesce(json_object_agg(id, shown), '{}')
            FROM (
                SELECT id, body::text, iso_8601(created_at) AS date, answerer_name::text,
                    helpful AS helpfulness, photo_urls AS photos
                FROM answers
                WHERE question_id = question.id AND NOT reported
                ORDER BY helpful DESC, id
                LIMIT $4::bigint) AS shown) AS answers
    FROM questions AS question
    WHERE product_id = $1::integer AND NOT reported
    ORDER BY helpful DESC, id
    LIMIT $2::bigint OFFSET $3::bigint) AS shown
