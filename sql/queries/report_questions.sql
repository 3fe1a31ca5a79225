-- Hides questions from their lists, locked in the order of the ids.
-- $1 JSON array of question ids, one for each report. Returns the reports of questions that exist.
WITH report AS (
    SELECT value::bigint AS id, ordinality AS position
    FROM json_array_elements_text($1::json) WITH ORDINALITY
), target AS (
    SELECT id, product_id FROM questions
    WHERE id = ANY (ARRAY(SELECT id FROM report))
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE questions SET reported = true
    FROM target
    WHERE questions.id = target.id AND NOT reported
)
SELECT position, product_id, NULL::bigint AS question_id
FROM report JOIN target USING (id)
