-- Counts votes for answers: of each answer all at once. The rows are locked by the update itself, in the
-- order of the ids: the tallies come in it, and no join changes it.
-- The counter stops at the largest bigint. So does its copy, which only ranked rows have
-- (sql/migrations/0012_votes_set_ranks.sql).
-- $1 JSON array of answer ids, one for each vote. Returns the votes for answers that exist.
WITH vote AS (
    SELECT value::bigint AS id, ordinality AS position
    FROM json_array_elements_text($1::json) WITH ORDINALITY
), changed AS (
    UPDATE answers SET helpful = helpful + least(tally.votes, 9223372036854775807 - helpful),
        rank = rank + least(tally.votes, 9223372036854775807 - rank)
    FROM (SELECT id, count(*) AS votes FROM vote GROUP BY id ORDER BY id) AS tally
    WHERE answers.id = tally.id
    RETURNING answers.id, question_id
)
SELECT position, product_id, question_id
FROM vote JOIN changed USING (id)
    LEFT JOIN products_of(ARRAY(SELECT question_id FROM changed)) USING (question_id)
