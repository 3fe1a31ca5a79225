-- What a round of the validator asks: the changes that have become visible since the snapshot $1, NULL:
-- none; 10001 at most. They, and the row that tells of the snapshot of this statement, are seen in one
-- snapshot.
-- That row alone has a snapshot. `since`: transactions from that one on write changes; NULL: nobody knows.
-- `is_complete`: all older ones have ended. `at_us`: the server's time. `position`: in the log, in bytes, read after
-- the snapshot was taken, so that all which it shows was written to the log before.
SELECT NULL::integer AS product_id, NULL::bigint AS question_id, pg_current_snapshot() AS snapshot,
    since, coalesce(since <= pg_snapshot_xmin(pg_current_snapshot()), false) AS is_complete,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS at_us,
    (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS position
FROM (SELECT (SELECT since FROM changes_wanted WHERE is_one) AS since) AS wanted
UNION ALL (
SELECT product_id, question_id, NULL::pg_snapshot, NULL::xid8, NULL::boolean, NULL::bigint, NULL::bigint
FROM changes
WHERE xid >= pg_snapshot_xmax($1::pg_snapshot)
UNION ALL
SELECT product_id, question_id, NULL::pg_snapshot, NULL::xid8, NULL::boolean, NULL::bigint, NULL::bigint
FROM changes
WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
LIMIT 10001)
