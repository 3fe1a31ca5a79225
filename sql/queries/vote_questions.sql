-- Counts votes for questions: of each question all at once, locked in the order of the ids.
-- The counter stops at the largest bigint. So does its copy, which only ranked rows have
-- (sql/migrations/0012_votes_set_ranks.sql).
-- FOR UPDATE, not FOR NO KEY UPDATE: beside the key locks that new answers take on their questions
-- the latter can deadlock with itself, on an older version of a row that has a newer one.
-- $1 JSON array of question ids, one for each vote. Returns the votes for questions that exist.
WITH vote AS (
    SELECT value::bigint AS id, ordinality AS position
    FROM json_array_elements_text($1::json) WITH ORDINALITY
), target AS (
    SELECT id FROM questions
    WHERE id = ANY (ARRAY(SELECT id FROM vote))
    ORDER BY id
    FOR UPDATE
), changed AS (
    UPDATE questions SET helpful = helpful + least(tally.votes, 9223372036854775807 - helpful),
        rank = rank + least(tally.votes, 9223372036854775807 - rank)
    FROM target JOIN (SELECT id, count(*) AS votes FROM vote GROUP BY id) AS tally USING (id)
    WHERE questions.id = target.id
    RETURNING questions.id, product_id
)
SELECT position, product_id, id AS question_id
FROM vote JOIN changed USING (id)
