-- Which run of the primary writes here (docs/decisions/076-reads-from-standbys.md). A standby that shows the row of a
-- run has followed that run: it is of the same cluster and timeline, and has nothing else that another run wrote.

-- The function runs with the search path of this session, and looks for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

CREATE TABLE served_run (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    timeline bigint NOT NULL,
    started_us bigint NOT NULL -- when the server was started, in microseconds since 1970
);

-- As sql/session/identify.sql tells it. Its commit waits neither for the disk nor for a standby: where the row is
-- lost, no standby is asked until a validator begins anew.
CREATE FUNCTION note_run() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    this_timeline bigint := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint;
    this_start bigint := (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint;
BEGIN
    IF NOT EXISTS (
        SELECT FROM served_run WHERE is_one AND timeline = this_timeline AND started_us = this_start) THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        INSERT INTO served_run VALUES (true, this_timeline, this_start)
        ON CONFLICT (is_one) DO UPDATE SET timeline = excluded.timeline, started_us = excluded.started_us;
    END IF;
END
$$;

REVOKE ALL ON served_run FROM PUBLIC;
REVOKE ALL ON FUNCTION note_run FROM PUBLIC;
GRANT SELECT ON served_run TO atelier_qa_serving;
GRANT EXECUTE ON FUNCTION note_run TO atelier_qa_serving;
