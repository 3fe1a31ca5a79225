-- Counts votes for one question. The counter stops at the largest bigint. So does its copy, which only
-- ranked rows have (sql/migrations/0012_votes_set_ranks.sql). An UPDATE of one row locks it for what it
-- changes, once: the deadlock that vote_questions.sql avoids needs a lock and then an update.
-- $1 question, $2 votes. No row when there is no such question.
UPDATE questions SET helpful = helpful + least($2::bigint, 9223372036854775807 - helpful),
    rank = rank + least($2::bigint, 9223372036854775807 - rank)
WHERE id = $1::bigint
RETURNING 1 AS position, product_id, id AS question_id
