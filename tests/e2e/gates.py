"""Places where PostgreSQL waits, with its snapshot taken or its rows written, until a test lets it
go on: rules of the database, so that they hold whatever the service's statements look like."""

import contextlib

from stack import wait_until

READS, COMMITS = 1, 2  # advisory locks


@contextlib.contextmanager
def on_reads(stack):
    """Within it, a list that shows an answer stops after its snapshot at `closed(stack, READS)`."""
    stack.sql(rf"""
        CREATE FUNCTION pass_gate() RETURNS boolean LANGUAGE plpgsql AS $$
            BEGIN
                IF current_query() !~ '\m(INSERT|UPDATE)\M' THEN
                    PERFORM pg_advisory_xact_lock_shared({READS});
                END IF;
                RETURN true;
            END $$;
        CREATE POLICY gate ON answers FOR SELECT USING (pass_gate());
        CREATE POLICY open_to_inserts ON answers FOR INSERT WITH CHECK (true);
        CREATE POLICY open_to_updates ON answers FOR UPDATE USING (true);
        ALTER TABLE answers ENABLE ROW LEVEL SECURITY""")
    try:
        yield
    finally:
        stack.sql("""
            ALTER TABLE answers DISABLE ROW LEVEL SECURITY;
            DROP POLICY gate ON answers;
            DROP POLICY open_to_inserts ON answers;
            DROP POLICY open_to_updates ON answers;
            DROP FUNCTION pass_gate()""")


@contextlib.contextmanager
def on_commits(stack, change="UPDATE ON questions"):
    """Within it, a vote for a question, or another `change`, stops just before its commit at
    `closed(stack, COMMITS)`: as long as that is closed, no time limit ends it, nor the loss of its client."""
    stack.sql(f"""
        CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM set_config('lock_timeout', '0', true);
                PERFORM set_config('client_connection_check_interval', '0', true);
                PERFORM pg_advisory_xact_lock_shared({COMMITS});
                RETURN NULL;
            END $$;
        CREATE CONSTRAINT TRIGGER gate AFTER {change}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pass_gate()""")
    try:
        yield
    finally:
        stack.sql("DROP FUNCTION pass_gate() CASCADE")


def closed(stack, gate):
    """Nobody passes the gate within it."""
    return stack.locked("SELECT pg_advisory_xact_lock(%s)", gate)


def wait_until_somebody_waits(stack, count=1):
    wait_until(lambda: len(stack.waiting_backends()) == count)
