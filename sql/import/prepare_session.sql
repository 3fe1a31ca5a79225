-- For each session of an import. A client that was killed is noticed within a second, so that its
-- locks do not last; limits meant for short queries do not apply.
SET client_connection_check_interval = '1s';
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_min_messages = error;
SET maintenance_work_mem = '256MB';
SET work_mem = '128MB'
