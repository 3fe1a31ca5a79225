-- What a session means the same by, whatever the defaults of its server, database and role. All
-- names are qualified: the search path is theirs until this has run.
SELECT pg_catalog.set_config(name, value, false)
FROM (VALUES
    -- where tables are found: in the schema that has all of them by the path that was set, else in public
    ('search_path', coalesce(
        (SELECT pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_namespace
         WHERE 3 OPERATOR(pg_catalog.=) (
             SELECT pg_catalog.count(*) FROM pg_catalog.pg_class
             WHERE relnamespace OPERATOR(pg_catalog.=) pg_namespace.oid
                 AND pg_class.oid OPERATOR(pg_catalog.=) ANY (ARRAY[
                     pg_catalog.to_regclass('questions'), pg_catalog.to_regclass('answers'),
                     pg_catalog.to_regclass('answers_photos')]::pg_catalog.oid[]))),
        'public')),
    -- how text, numbers and times are read and written
    ('client_encoding', 'UTF8'),
    ('standard_conforming_strings', 'on'),
    ('array_nulls', 'on'),
    ('transform_null_equals', 'off'),
    ('quote_all_identifiers', 'off'),
    ('bytea_output', 'hex'),
    ('extra_float_digits', '1'),
    ('DateStyle', 'ISO, YMD'),
    ('IntervalStyle', 'postgres'),
    ('TimeZone', 'UTC'),
    ('xmloption', 'content'),
    -- what a transaction sees: each statement what is committed. Not whether it may write: who makes
    -- a database read-only means it.
    ('default_transaction_isolation', 'read committed'),
    ('default_transaction_deferrable', 'off'),
    ('row_security', 'on'),
    ('check_function_bodies', 'on'),
    -- an acknowledged write is on disk
    ('synchronous_commit', CASE WHEN pg_catalog.current_setting('synchronous_commit')
         OPERATOR(pg_catalog.=) 'off' THEN 'on'
         ELSE pg_catalog.current_setting('synchronous_commit') END),
    -- when the server gives up: not before we do, but soon after a client is gone
    ('exit_on_error', 'off'),
    ('statement_timeout', '0'),
    ('lock_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'),
    ('idle_session_timeout', '0'),
    ('transaction_timeout', '0'),
    ('client_connection_check_interval', '1s'),
    ('client_min_messages', 'warning')
) AS pin (name, value)
WHERE pg_catalog.current_setting(name, true) IS NOT NULL -- some are of newer versions only
