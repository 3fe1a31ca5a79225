-- Counts one vote for a question; no row when it does not exist.
-- $1 question.
UPDATE questions SET helpful = helpful + 1 WHERE id = $1::bigint RETURNING id
