-- One page of a product's questions, each with its answers and their photos.
-- $1 product, $2 count, $3 offset, $4 most answers for each question.
SELECT json_build_object(
    'product_id', $1::integer::text,
    'results', coalesce(json_agg(json_build_object(
        'question_id', question.id,
        'question_body', question.body,
        'question_date', iso_8601(question.created_at),
        'asker_name', question.asker_name,
        'question_helpfulness', question.helpful,
        'reported', question.reported,
        'answers', (
            SELECT coalesce(json_object_agg(answer.id, json_build_object(
                'id', answer.id,
                'body', answer.body,
                'date', iso_8601(answer.created_at),
                'answerer_name', answer.answerer_name,
                'helpfulness', answer.helpful,
                'photos', (
                    SELECT coalesce(json_agg(photo.url ORDER BY photo.id), '[]')
                    FROM answers_photos AS photo
                    WHERE photo.answer_id = answer.id))), '{}')
            FROM (
                SELECT id, body, created_at, answerer_name, helpful
                FROM answers
                WHERE question_id = question.id AND NOT reported
                ORDER BY helpful DESC, id
                LIMIT $4::bigint) AS answer))), '[]'))
FROM (
    SELECT id, body, created_at, asker_name, helpful, reported
    FROM questions
    WHERE product_id = $1::integer AND NOT reported
    ORDER BY helpful DESC, id
    LIMIT $2::bigint OFFSET $3::bigint) AS question
