-- Tells every host what has changed, whoever changed it (docs/decisions/065-validator.md).
--
--   - While some host wants it, the triggers that mark products also write which pages a transaction
--     changes, with the transaction's id. A validator asks for the changes that have become visible since
--     its last snapshot (sql/queries/changes_since.sql).
--   - Where no host wants changes, none are written.
--   - Who changes what pages show without a trigger tells of it by hand: INSERT INTO changes DEFAULT VALUES
--
-- Both tables are unlogged: they are empty after a crash and on a server promoted from a standby, when
-- validators begin anew.

-- The functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

CREATE UNLOGGED TABLE changes (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    product_id integer,
    question_id bigint -- both NULL: every page
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        vacuum_truncate = off, autovacuum_analyze_threshold = 2147483647);
CREATE INDEX changes_xid ON changes (xid);

-- A row while somebody wants changes, until then. `since`: transactions from this one on have seen the row;
-- NULL: not known yet.
CREATE UNLOGGED TABLE changes_wanted (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    until timestamptz NOT NULL,
    since xid8
);

-- Has changes written for some minutes. Whoever wants them calls this in one transaction after the other
-- until `since` is known, and begins when all older transactions have ended.
CREATE FUNCTION want_changes() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    -- The row is there before the snapshot of this statement: so whoever begins after it sees the row.
    UPDATE changes_wanted
    SET until = now() + interval '10 minutes',
        since = coalesce(since, pg_snapshot_xmax(pg_current_snapshot()))
    WHERE is_one;
    IF NOT FOUND THEN
        INSERT INTO changes_wanted VALUES (true, now() + interval '10 minutes') ON CONFLICT DO NOTHING;
    END IF;
END
$$;

-- Ends that when nobody has asked for so long. Deletes the row, and never looks at the time elsewhere: a
-- transaction sees the row or does not, and who has seen another row before begins anew.
CREATE FUNCTION end_unwanted_changes() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    DELETE FROM changes_wanted WHERE is_one AND until < now();
    IF FOUND THEN
        DELETE FROM changes;
    END IF;
END
$$;

-- Deletes changes that the snapshot has seen; returns how many, 500 at most. One caller at a time.
CREATE FUNCTION forget_changes(seen pg_snapshot) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
    forgotten bigint;
BEGIN
    -- Any number that nobody else takes an advisory lock on in this database (0013).
    IF NOT pg_try_advisory_xact_lock(7281504420) THEN
        RETURN 0;
    END IF;
    DELETE FROM changes
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM changes
        WHERE xid < pg_snapshot_xmax(seen) AND pg_visible_in_snapshot(xid, seen)
        ORDER BY xid
        LIMIT 500));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;

-- The triggers of 0007, which now write changes as well. A transaction whose snapshots may be old writes
-- them in every case. A statement that changes more than a thousand rows changes every page.
CREATE OR REPLACE FUNCTION mark_changed_questions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO changed_products SELECT DISTINCT product_id FROM changed;
    IF EXISTS (SELECT FROM changes_wanted WHERE is_one)
        OR current_setting('transaction_isolation') <> 'read committed'
    THEN
        IF EXISTS (SELECT FROM changed OFFSET 1000) THEN
            INSERT INTO changes DEFAULT VALUES;
        ELSE
            INSERT INTO changes (product_id, question_id) SELECT product_id, id FROM changed;
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mark_changed_answers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO changed_products -- row by row, by the index: a vote is one, and there may be none
        SELECT product_id
        FROM changed, LATERAL (
            SELECT product_id FROM questions WHERE id = changed.question_id OFFSET 0) AS question;
    ELSE
        INSERT INTO changed_products
        SELECT DISTINCT product_id FROM questions WHERE id IN (SELECT question_id FROM changed);
    END IF;
    IF EXISTS (SELECT FROM changes_wanted WHERE is_one)
        OR current_setting('transaction_isolation') <> 'read committed'
    THEN
        IF EXISTS (SELECT FROM changed OFFSET 1000) THEN
            INSERT INTO changes DEFAULT VALUES;
        ELSE -- also where the question has gone with its answers
            INSERT INTO changes (product_id, question_id)
            SELECT product_id, question_id
            FROM changed LEFT JOIN LATERAL (
                SELECT product_id FROM questions WHERE id = changed.question_id OFFSET 0) AS question
                ON true;
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION mark_left_product() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    left_question bigint;
    left_product integer;
BEGIN
    IF TG_TABLE_NAME = 'questions' THEN
        left_question := OLD.id;
        left_product := OLD.product_id;
        INSERT INTO changed_products VALUES (left_product);
    ELSE
        left_question := OLD.question_id;
        SELECT product_id INTO left_product FROM questions WHERE id = left_question;
        INSERT INTO changed_products SELECT left_product WHERE left_product IS NOT NULL;
    END IF;
    INSERT INTO changes (product_id, question_id) VALUES (left_product, left_question);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION drop_product_pages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    LOCK TABLE product_pages IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM product_pages;
    INSERT INTO changes DEFAULT VALUES;
    RETURN NULL;
END
$$;

-- Another schema may mean other pages.
CREATE FUNCTION change_every_page() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO changes DEFAULT VALUES;
    RETURN NULL;
END
$$;
CREATE TRIGGER schema_migrations_added AFTER INSERT ON schema_migrations
    FOR EACH STATEMENT EXECUTE FUNCTION change_every_page();

REVOKE ALL ON changes, changes_wanted FROM PUBLIC;
REVOKE ALL ON FUNCTION want_changes, end_unwanted_changes, forget_changes, change_every_page FROM PUBLIC;
GRANT SELECT ON changes, changes_wanted TO atelier_qa_serving;
GRANT EXECUTE ON FUNCTION want_changes, end_unwanted_changes, forget_changes TO atelier_qa_serving;
