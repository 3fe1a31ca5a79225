-- Takes votes for questions back (sql/migrations/0025_voters.sql), with a key once (0024_keyed_writes.sql). The
-- questions are locked in the order of their ids. A counter that somebody has lowered by hand stops at 0.
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
), taken_back AS MATERIALIZED (
    SELECT forget_voters(false, array_agg(position), array_agg(id), array_agg(voter)) AS position
    FROM item JOIN target USING (id)
    WHERE is_new
), changed AS (
    UPDATE questions SET helpful = helpful - least(tally.votes, helpful), rank = rank - least(tally.votes, rank)
    FROM target JOIN (SELECT id, count(*) AS votes FROM taken_back JOIN item USING (position) GROUP BY id)
        AS tally USING (id)
    WHERE questions.id = target.id
), result AS MATERIALIZED (
    SELECT item.position, id, key, request, is_new, coalesce(target.product_id, item.product_id) AS product_id,
        CASE WHEN NOT is_new THEN status WHEN taken_back.position IS NULL THEN 404 ELSE 204 END AS status
    FROM item LEFT JOIN target USING (id)
        LEFT JOIN taken_back ON taken_back.position = item.position
), recorded AS (
    INSERT INTO keyed_writes (key, request, status, product_id)
    SELECT key, request, status, product_id FROM result WHERE is_new AND key IS NOT NULL
)
SELECT position, product_id, id AS question_id, NULL::json AS body, status, NOT is_new AS is_replayed
FROM result
