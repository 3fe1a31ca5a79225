-- How many answers the list of a question has.
-- $1 question.
SELECT count(*) FROM answers WHERE question_id = $1::bigint AND NOT reported
