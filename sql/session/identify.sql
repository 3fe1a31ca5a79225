-- Which server this session is with, and how many of this role's sessions there are overdue: those that run for
-- longer than $1 milliseconds, though their statements are ended before, wait for their commit or hang.
SELECT (SELECT system_identifier FROM pg_control_system()) AS cluster,
    CASE WHEN pg_is_in_recovery() THEN 0
         ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END AS timeline,
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint AS started_us,
    (SELECT count(*) FROM pg_stat_activity
     WHERE usename = session_user AND datname = current_database() AND pid <> pg_backend_pid()
         AND application_name = current_setting('application_name') AND state = 'active'
         AND state_change < clock_timestamp() - $1 * interval '1 millisecond') AS overdue,
    pg_backend_pid() || ' ' || pg_postmaster_start_time() AS server_process
