-- Why a session that was pinned is of no use, and whether that lasts until somebody changes it;
-- NULL where it is of use.
SELECT CASE
        WHEN current_setting('server_encoding') <> 'UTF8' THEN
            format('the encoding of the database "%s" is %s, and must be UTF8: CREATE DATABASE ... '
                   'ENCODING ''UTF8'' TEMPLATE template0', current_database(),
                   current_setting('server_encoding'))
        WHEN current_setting('session_replication_role') = 'replica' THEN
            format('session_replication_role is "replica", so that no trigger runs: ALTER ROLE %I '
                   'RESET session_replication_role, likewise for the database', session_user)
        WHEN pg_is_in_recovery() THEN 'the server is a standby, which takes no writes'
    END AS refusal,
    current_setting('server_encoding') <> 'UTF8'
        OR current_setting('session_replication_role') = 'replica' AS lasts
