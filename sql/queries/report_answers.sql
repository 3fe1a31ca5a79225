-- Hides answers from the lists, locked in the order of the ids.
-- $1 JSON array of answer ids, one for each report. Returns the reports of answers that exist.
WITH report AS (
    SELECT value::bigint AS id, ordinality AS position
    FROM json_array_elements_text($1::json) WITH ORDINALITY
), target AS (
    SELECT id, question_id FROM answers
    WHERE id = ANY (ARRAY(SELECT id FROM report))
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE answers SET reported = true, rank = NULL
    FROM target
    WHERE answers.id = target.id AND NOT reported
)
SELECT position, product_id, question_id
FROM report JOIN target USING (id)
    LEFT JOIN products_of(ARRAY(SELECT question_id FROM target)) USING (question_id)
