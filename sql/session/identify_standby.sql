-- Why this session is of no use for reads from a standby, or NULL; and which run of the primary the standby follows,
-- as a validator has written it down there.
SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'the server is no standby' END AS refusal,
    (SELECT system_identifier FROM pg_control_system()) AS cluster,
    coalesce(timeline, 0) AS timeline,
    coalesce(started_us, 0) AS started_us,
    0 AS overdue,
    pg_backend_pid() || ' ' || pg_postmaster_start_time() AS server_process
FROM (SELECT) AS one LEFT JOIN served_run ON is_one
