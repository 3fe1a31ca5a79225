-- Counts votes for one answer. The counter stops at the largest bigint.
-- $1 answer, $2 votes. No row when there is no such answer.
UPDATE answers SET helpful = helpful + least($2::bigint, 9223372036854775807 - helpful)
WHERE id = $1::bigint
RETURNING 1 AS position, (SELECT product_id FROM products_of(ARRAY[question_id])), question_id
