-- Hides questions from their lists, locked in the order of the ids.
-- FOR UPDATE, not FOR NO KEY UPDATE: beside the key locks that new answers take on their questions
-- the latter can deadlock with itself, on an older version of a row that has a newer one.
-- $1 JSON array of question ids, one for each report. Returns the reports of questions that exist.
WITH report AS (
    SELECT value::bigint AS id, ordinality AS position
    FROM json_array_elements_text($1::json) WITH ORDINALITY
), target AS (
    SELECT id, product_id FROM questions
    WHERE id = ANY (ARRAY(SELECT id FROM report))
    ORDER BY id
    FOR UPDATE
), changed AS (
    UPDATE questions SET reported = true, rank = NULL
    FROM target
    WHERE questions.id = target.id AND NOT reported
)
SELECT position, product_id, id AS question_id
FROM report JOIN target USING (id)
