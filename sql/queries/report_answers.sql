-- Counts reports of answers, locked in the order of the ids, and hides from the lists those that have been
-- reported often enough.
-- $1 JSON array of objects, one for each report, as of count_reports (sql/migrations/0018_moderation.sql).
-- Returns the reports of answers that exist.
WITH report AS (
    SELECT (value->>'id')::bigint AS id, value, ordinality AS position
    FROM json_array_elements($1::json) WITH ORDINALITY
), target AS (
    SELECT id, question_id FROM answers
    WHERE id = ANY (ARRAY(SELECT id FROM report))
    ORDER BY id
    FOR NO KEY UPDATE
), changed AS (
    UPDATE answers SET reported = true, rank = NULL
    FROM count_reports('answer', ARRAY(SELECT value FROM report JOIN target USING (id)), NULL)
        AS reported_enough (id)
    WHERE answers.id = reported_enough.id AND NOT reported
)
SELECT position, product_id, question_id
FROM report JOIN target USING (id)
    LEFT JOIN products_of(ARRAY(SELECT question_id FROM target)) USING (question_id)
