-- How far a standby has replayed the primary's log, in bytes; NULL on a server that is no standby (any more). Sent
-- before each query of a page, in the same pipeline: that query's snapshot is taken later.
SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END
