-- Hides a question from the lists; no row when it does not exist.
-- $1 question.
UPDATE questions SET reported = true WHERE id = $1::bigint RETURNING id
