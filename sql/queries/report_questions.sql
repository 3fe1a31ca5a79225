-- Counts reports of questions, locked in the order of the ids, and hides from their lists those that have been
-- reported often enough.
-- FOR UPDATE, not FOR NO KEY UPDATE: beside the key locks that new answers take on their questions
-- the latter can deadlock with itself, on an older version of a row that has a newer one.
-- $1 JSON array of objects, one for each report, as of count_reports (sql/migrations/0018_moderation.sql).
-- Returns the reports of questions that exist.
WITH report AS (
    SELECT (value->>'id')::bigint AS id, value, ordinality AS position
    FROM json_array_elements($1::json) WITH ORDINALITY
), target AS (
    SELECT id, product_id FROM questions
    WHERE id = ANY (ARRAY(SELECT id FROM report))
    ORDER BY id
    FOR UPDATE
), changed AS (
    UPDATE questions SET reported = true, rank = NULL
    FROM count_reports('question', ARRAY(SELECT value FROM report JOIN target USING (id)), NULL)
        AS reported_enough (id)
    WHERE questions.id = reported_enough.id AND NOT reported
)
SELECT position, product_id, id AS question_id
FROM report JOIN target USING (id)
