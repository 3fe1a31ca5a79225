-- Counts one vote for an answer; no row when it does not exist.
-- $1 answer.
UPDATE answers SET helpful = helpful + 1 WHERE id = $1::bigint RETURNING id
