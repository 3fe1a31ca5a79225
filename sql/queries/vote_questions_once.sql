-- Counts votes for questions as vote_questions.sql does, those with a key once (sql/migrations/0024_keyed_writes.sql),
-- and those of a voter once for each question (0025_voters.sql).
-- $1 JSON array of question ids, one for each vote. $2 keys, $3 hashes of the requests, $4 voters.
-- Returns a row for each: what to respond with, and whether that was recorded before.
WITH item AS MATERIALIZED (
    SELECT taken.*, value::bigint AS id, voter
    FROM take_keys($2::uuid[], $3::uuid[]) AS taken
        JOIN ROWS FROM (json_array_elements_text($1::json), unnest($4::uuid[]))
            WITH ORDINALITY AS given (value, voter, position) USING (position)
), target AS MATERIALIZED (
    SELECT id, product_id FROM questions
    WHERE id = ANY (ARRAY(SELECT id FROM item WHERE is_new))
    ORDER BY id
    FOR UPDATE
), counted AS (
    SELECT id FROM item JOIN target USING (id) WHERE is_new AND voter IS NULL
    UNION ALL
    SELECT note_voters(false, array_agg(id), array_agg(voter))
    FROM item JOIN target USING (id)
    WHERE is_new AND voter IS NOT NULL
), changed AS (
    UPDATE questions SET helpful = helpful + least(tally.votes, 9223372036854775807 - helpful),
        rank = rank + least(tally.votes, 9223372036854775807 - rank)
    FROM target JOIN (SELECT id, count(*) AS votes FROM counted GROUP BY id) AS tally USING (id)
    WHERE questions.id = target.id
), result AS MATERIALIZED (
    SELECT position, id, key, request, is_new, coalesce(target.product_id, item.product_id) AS product_id,
        CASE WHEN NOT is_new THEN status WHEN target.id IS NULL THEN 404 ELSE 204 END AS status
    FROM item LEFT JOIN target USING (id)
), recorded AS (
    INSERT INTO keyed_writes (key, request, status, product_id)
    SELECT key, request, status, product_id FROM result WHERE is_new AND key IS NOT NULL
)
SELECT position, product_id, id AS question_id, NULL::json AS body, status, NOT is_new AS is_replayed
FROM result
