-- Adds a question and returns it as its list shows it.
-- $1 product, $2 body, $3 name, $4 e-mail.
INSERT INTO questions (product_id, body, asker_name, asker_email)
VALUES ($1::integer, $2::text, $3::text, $4::text)
RETURNING json_build_object(
    'question_id', id,
    'question_body', body,
    'question_date', iso_8601(created_at),
    'asker_name', asker_name,
    'question_helpfulness', helpful,
    'reported', reported,
    'answers', '{}'::json)
