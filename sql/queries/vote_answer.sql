-- Counts votes for one answer. The counter stops at the largest bigint. So does its copy, which only
-- ranked rows have (sql/migrations/0012_votes_set_ranks.sql).
-- $1 answer, $2 votes. No row when there is no such answer.
UPDATE answers SET helpful = helpful + least($2::bigint, 9223372036854775807 - helpful),
    rank = rank + least($2::bigint, 9223372036854775807 - rank)
WHERE id = $1::bigint
RETURNING 1 AS position, product_of(question_id), question_id
