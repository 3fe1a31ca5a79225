-- Counts votes for one answer.
-- $1 answer, $2 votes. No row when there is no such answer.
UPDATE answers SET helpful = helpful + $2::bigint
WHERE id = $1::bigint
RETURNING 1 AS position, (SELECT product_id FROM questions WHERE id = question_id), question_id
