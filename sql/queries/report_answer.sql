-- Hides an answer from the lists; no row when it does not exist.
-- $1 answer.
UPDATE answers SET reported = true WHERE id = $1::bigint RETURNING id
