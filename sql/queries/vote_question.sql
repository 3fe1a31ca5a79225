-- Counts votes for one question.
-- $1 question, $2 votes. No row when there is no such question.
UPDATE questions SET helpful = helpful + $2::bigint
WHERE id = $1::bigint
RETURNING 1 AS position, product_id, NULL::bigint AS question_id
