-- One page of a question's answers with their photos, whether the question is reported or not.
-- $1 question, $2 page and $3 count for the envelope, $4 offset.
SELECT json_build_object(
    'question', $1::bigint::text,
    'page', $2::bigint,
    'count', $3::bigint,
    'results', coalesce(json_agg(json_build_object(
        'answer_id', answer.id,
        'body', answer.body,
        'date', iso_8601(answer.created_at),
        'answerer_name', answer.answerer_name,
        'helpfulness', answer.helpful,
        'photos', (
            SELECT coalesce(json_agg(json_build_object('id', photo.id, 'url', photo.url)
                                     ORDER BY photo.id), '[]')
            FROM answers_photos AS photo
            WHERE photo.answer_id = answer.id))), '[]'))
FROM (
    SELECT id, body, created_at, answerer_name, helpful
    FROM answers
    WHERE question_id = $1::bigint AND NOT reported
    ORDER BY helpful DESC, id
    LIMIT $3::bigint OFFSET $4::bigint) AS answer
