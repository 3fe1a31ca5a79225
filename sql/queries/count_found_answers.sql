-- How many answers of a question are found.
-- $1 question, $2 what to search for.
SELECT count(*) FROM answers
WHERE question_id = $1::bigint AND NOT reported AND body ~* ALL (patterns_of($2::text))
