-- What list_questions.sql makes, on a standby, which has no ready-made pages.
-- $1 product, $2 count, $3 offset, $4 most answers for each question.
SELECT questions_page($1::integer, $2::bigint, $3::bigint, $4::bigint),
    EXISTS (
        SELECT FROM questions
        WHERE product_id = $1::integer AND NOT reported
        OFFSET $2::bigint + $3::bigint) AS has_more
