-- Staging: a schema with the rows of the files as they will be published, and with what is needed
-- to publish them. Only the holder of the lock in try_lock.sql may touch it.
--
-- The columns have the same domains as those of the published tables: so the domains are checked
-- while several sessions fill staging, and not again when one session publishes.
DROP SCHEMA IF EXISTS atelier_qa_import CASCADE;
CREATE SCHEMA atelier_qa_import;

-- Good rows of the files that the database rejects after all, by their place among the good rows.
CREATE UNLOGGED TABLE atelier_qa_import.rejected (
    table_name text, ordinal bigint, reason text, PRIMARY KEY (table_name, ordinal)
);

-- The triggers that belong to the published tables: they keep photo URLs, mark changed products, rank
-- the rows of large groups, drop the votes of what is removed, and keep records of posts.
CREATE FUNCTION atelier_qa_import.is_own_trigger(function_id oid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN function_id IN (to_regproc('keep_photo_urls'), to_regproc('mark_changed_questions'),
                           to_regproc('mark_changed_answers'), to_regproc('mark_left_product'),
                           to_regproc('lock_moved_question'), to_regproc('drop_product_pages'),
                           to_regproc('rank_question'), to_regproc('rank_answer'),
                           to_regproc('keep_question_ranks'), to_regproc('keep_answer_ranks'),
                           to_regproc('keep_large_product'),
                           to_regproc('drop_voters'), to_regproc('keep_keyed_writes'));

-- Indexes (step 1), foreign keys and those triggers (step 2) of the published tables.
CREATE TABLE atelier_qa_import.definitions AS
SELECT conrelid AS table_id, CASE contype WHEN 'f' THEN 2 ELSE 1 END AS step, conname AS name,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
           pg_get_constraintdef(oid)) AS make
FROM pg_constraint
WHERE contype IN ('p', 'u', 'x', 'f')
    AND conrelid IN ('questions'::regclass, 'answers'::regclass, 'answers_photos'::regclass)
UNION ALL
SELECT indrelid, 1, relname, pg_get_indexdef(indexrelid, 0, true)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid IN ('questions'::regclass, 'answers'::regclass, 'answers_photos'::regclass)
    AND NOT EXISTS (SELECT FROM pg_constraint
                    WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
UNION ALL
SELECT tgrelid, 2, tgname, pg_get_triggerdef(oid, true)
FROM pg_trigger
WHERE tgrelid IN ('questions'::regclass, 'answers'::regclass, 'answers_photos'::regclass)
    AND atelier_qa_import.is_own_trigger(tgfoid);

-- Makes the staging table of a published one. To be added to that one, it needs its columns only;
-- to be exchanged for it, all the rest too: what can be made before the load here, indexes and
-- foreign keys and triggers later.
CREATE PROCEDURE atelier_qa_import.create_table(table_name text, for_exchange boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    published regclass := table_name;
    staging text := format('atelier_qa_import.%I', table_name);
    options text;
    grant_command text;
BEGIN
    IF NOT for_exchange THEN
        EXECUTE format('CREATE UNLOGGED TABLE %s (LIKE %s INCLUDING DEFAULTS)
                        WITH (autovacuum_enabled = off)', staging, published);
        RETURN;
    END IF;
    SELECT array_to_string(reloptions, ', ') INTO options FROM pg_class WHERE oid = published;
    EXECUTE format('CREATE TABLE %s
                    (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS) %s',
                   staging, published, 'WITH (' || options || ')');
    EXECUTE format('ALTER TABLE %s OWNER TO %s', staging,
                   (SELECT relowner::regrole FROM pg_class WHERE oid = published));
    -- The privileges on the table, its columns and its sequence.
    FOR grant_command IN
        SELECT format('GRANT %s %s ON %s TO %s %s', privilege_type,
                      '(' || quote_ident(attname) || ')', object,
                      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
                      CASE WHEN is_grantable THEN 'WITH GRANT OPTION' END)
        FROM (SELECT NULL AS attname, 'TABLE ' || staging AS object, relacl AS acl
              FROM pg_class WHERE oid = published
              UNION ALL
              SELECT attname, 'TABLE ' || staging, attacl
              FROM pg_attribute WHERE attrelid = published
              UNION ALL
              SELECT NULL, 'SEQUENCE ' || pg_get_serial_sequence(staging, 'id'), relacl
              FROM pg_class WHERE oid = pg_get_serial_sequence(table_name, 'id')::regclass
             ) AS granted, aclexplode(acl)
    LOOP
        EXECUTE grant_command;
    END LOOP;
END
$$;

-- Makes the indexes (step 1), or foreign keys and triggers (step 2), of a staging table. The definitions name
-- tables without their schema, and staging comes first.
CREATE PROCEDURE atelier_qa_import.make(table_name text, wanted_step integer)
    LANGUAGE plpgsql AS $$
DECLARE
    published regclass := table_name;
    path text := current_setting('search_path');
    definition record;
BEGIN
    PERFORM set_config('search_path', 'atelier_qa_import, ' || path, true);
    FOR definition IN
        SELECT make FROM atelier_qa_import.definitions
        WHERE table_id = published AND step = wanted_step ORDER BY name
    LOOP
        EXECUTE definition.make;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END
$$;

-- Ranks the rows of large groups (sql/migrations/0009_ranks.sql).
CREATE PROCEDURE atelier_qa_import.rank_rows(table_name text, parent_column text)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('
        UPDATE atelier_qa_import.%1$I AS staged
        SET ranked = true, rank = CASE WHEN NOT reported THEN helpful END
        FROM (SELECT ctid AS place, row_number() OVER (PARTITION BY %2$I ORDER BY id) AS nth
              FROM atelier_qa_import.%1$I
              WHERE %2$I = ANY (ARRAY(SELECT %2$I FROM atelier_qa_import.%1$I
                                      GROUP BY %2$I
                                      HAVING count(*) > unranked_rows()))) AS member
        WHERE staged.ctid = place AND nth > unranked_rows()', table_name, parent_column);
END
$$;

-- Sorts a staging table with indexes by parent: what a page of the API shows lies together then.
CREATE PROCEDURE atelier_qa_import.sort(table_name text, parent_column text)
    LANGUAGE plpgsql AS $$
DECLARE
    staging regclass := 'atelier_qa_import.' || table_name;
    index_name name;
BEGIN
    SELECT relname INTO index_name
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = staging AND attname = parent_column AND indpred IS NULL
    ORDER BY relname LIMIT 1;
    IF FOUND THEN
        EXECUTE format('CLUSTER %s USING %I', staging, index_name);
        EXECUTE format('ALTER TABLE %s SET WITHOUT CLUSTER', staging);
    END IF;
END
$$;

-- Rejects the rows whose parent does not exist, and of those with the same id all but the first.
-- Where nothing will be exchanged, the published parents count too.
CREATE PROCEDURE atelier_qa_import.check_rows(table_name text, parent_column text,
                                              parent_table text, for_exchange boolean)
    LANGUAGE plpgsql AS $$
BEGIN
    -- The rows lie in the order in which they came.
    EXECUTE format('CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
        SELECT ctid AS place, id, %I AS parent_id, row_number() OVER (ORDER BY ctid) AS ordinal
        FROM atelier_qa_import.%I', parent_column, table_name);
    ANALYZE numbered;
    IF parent_table IS NOT NULL THEN
        EXECUTE format('
            INSERT INTO atelier_qa_import.rejected
            SELECT %L, ordinal, ''orphan'' FROM numbered
            WHERE NOT EXISTS (SELECT FROM atelier_qa_import.%I WHERE id = parent_id)
                AND ($1 OR NOT EXISTS (SELECT FROM %I WHERE id = parent_id))',
            table_name, parent_table, parent_table) USING for_exchange;
    END IF;
    INSERT INTO atelier_qa_import.rejected
    SELECT check_rows.table_name, ordinal, 'repeated'
    FROM (SELECT ordinal, row_number() OVER (PARTITION BY id ORDER BY ordinal) AS nth
          FROM numbered
          WHERE NOT EXISTS (SELECT FROM atelier_qa_import.rejected AS orphan
                            WHERE orphan.table_name = check_rows.table_name
                                AND orphan.ordinal = numbered.ordinal)) AS same_id
    WHERE nth > 1;
    EXECUTE format('
        DELETE FROM atelier_qa_import.%I AS staged USING numbered, atelier_qa_import.rejected
        WHERE staged.ctid = place AND rejected.table_name = $1
            AND rejected.ordinal = numbered.ordinal', table_name) USING table_name;
    DROP TABLE numbered;
END
$$;

-- The highest staged id of a table.
CREATE FUNCTION atelier_qa_import.highest_id(table_name text) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    highest bigint;
BEGIN
    EXECUTE format('SELECT max(id) FROM atelier_qa_import.%I', table_name) INTO highest;
    RETURN highest;
END
$$;

-- Moves the identity sequence of a table past the highest id of its new rows, and never back.
-- Returns false when the sequence is busy; nobody who posts waits long for the attempt.
--
-- Any ALTER SEQUENCE keeps nextval() waiting until the end of the transaction: the first one, which
-- changes nothing, is there for its lock.
CREATE FUNCTION atelier_qa_import.move_sequence(table_name text, highest_id bigint) RETURNS boolean
    LANGUAGE plpgsql SET lock_timeout = '250ms' AS $$
DECLARE
    sequence text := pg_get_serial_sequence(table_name, 'id');
    is_behind boolean;
BEGIN
    EXECUTE format('ALTER SEQUENCE %s NO CYCLE', sequence);
    EXECUTE format('SELECT last_value < $1 OR (last_value = $1 AND NOT is_called) FROM %s',
                   sequence) INTO is_behind USING highest_id;
    IF is_behind THEN
        EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s', sequence, highest_id + 1);
    END IF;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN RETURN false;
END
$$;

-- Locks everybody out of the published tables, and those out who make product pages: they lock these
-- first, too. Returns false when the tables are in use: nobody waits long for the attempt.
CREATE FUNCTION atelier_qa_import.lock_tables() RETURNS boolean
    LANGUAGE plpgsql SET lock_timeout = '250ms' AS $$
BEGIN
    LOCK TABLE product_pages IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE questions, answers, answers_photos IN ACCESS EXCLUSIVE MODE;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN RETURN false;
END
$$;

-- All that makes a table what it is but its rows, its name and its sequence's place. pg_attver is
-- left out: some versions of PostgreSQL stamp each column with when it was defined.
CREATE FUNCTION atelier_qa_import.describe(described regclass) RETURNS SETOF text
    LANGUAGE sql AS $$
    SELECT concat_ws(' ', 'table', relowner::regrole, relkind, relpersistence, relreplident,
                     relrowsecurity, relhassubclass, relispartition, reltablespace, relam,
                     (SELECT array_agg(entry::text ORDER BY entry::text)
                      FROM unnest(relacl) AS entry), reloptions)
    FROM pg_class WHERE oid = described
    UNION ALL
    SELECT concat_ws(' ', 'column', row_number() OVER (ORDER BY attnum), attname,
                     format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                     attstorage, attcompression, attcollation, attstattarget,
                     (SELECT array_agg(entry ORDER BY entry)
                      FROM unnest(attoptions) AS entry WHERE entry NOT LIKE 'pg\_attver=%'),
                     (SELECT array_agg(entry::text ORDER BY entry::text)
                      FROM unnest(attacl) AS entry), pg_get_expr(adbin, adrelid))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = described AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT concat_ws(' ', 'constraint', conname,
                     replace(pg_get_constraintdef(oid), 'atelier_qa_import.', ''))
    FROM pg_constraint WHERE conrelid = described
    UNION ALL
    SELECT concat_ws(' ', 'index', relname,
                     replace(pg_get_indexdef(indexrelid, 0, true), 'atelier_qa_import.', ''))
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = described
    UNION ALL
    SELECT concat_ws(' ', 'trigger', tgenabled,
                     replace(pg_get_triggerdef(oid, true), 'atelier_qa_import.', ''))
    FROM pg_trigger WHERE tgrelid = described AND atelier_qa_import.is_own_trigger(tgfoid)
    UNION ALL
    SELECT concat_ws(' ', 'sequence', relname, relowner::regrole, relpersistence, seqtypid::regtype,
                     seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
                     (SELECT array_agg(entry::text ORDER BY entry::text)
                      FROM unnest(relacl) AS entry))
    FROM pg_depend JOIN pg_sequence ON seqrelid = objid JOIN pg_class ON pg_class.oid = objid
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
        AND refobjid = described
    UNION ALL
    -- Whatever else depends on it: a view, another trigger, a policy, a foreign key of another
    -- table ...
    SELECT concat_ws(' ', 'dependent', pg_describe_object(classid, objid, objsubid))
    FROM pg_depend
    WHERE refclassid = 'pg_class'::regclass AND refobjid = described
        AND NOT (classid = 'pg_attrdef'::regclass OR classid = 'pg_type'::regclass
                 OR (classid = 'pg_class'::regclass
                     AND (SELECT relkind IN ('i', 'S', 't') FROM pg_class WHERE oid = objid))
                 OR (classid = 'pg_trigger'::regclass
                     AND (SELECT atelier_qa_import.is_own_trigger(tgfoid)
                          FROM pg_trigger WHERE oid = objid))
                 OR (classid = 'pg_constraint'::regclass
                     AND (SELECT conrelid IN ('questions'::regclass, 'answers'::regclass,
                                              'answers_photos'::regclass,
                                              to_regclass('atelier_qa_import.questions'),
                                              to_regclass('atelier_qa_import.answers'),
                                              to_regclass('atelier_qa_import.answers_photos'))
                          FROM pg_constraint WHERE oid = objid)))
    UNION ALL
    SELECT concat_ws(' ', 'dependent', pg_describe_object(classid, objid, objsubid))
    FROM pg_depend JOIN pg_class ON pg_class.oid = described
    WHERE refclassid = 'pg_type'::regclass AND refobjid = reltype AND deptype <> 'i'
$$;

-- Whether the staging tables can stand in for the published ones.
CREATE FUNCTION atelier_qa_import.are_alike() RETURNS boolean
    LANGUAGE sql AS $$
    SELECT bool_and(
        ARRAY(SELECT line FROM atelier_qa_import.describe(table_name::regclass) AS line
              ORDER BY line)
        = ARRAY(SELECT line
                FROM atelier_qa_import.describe(('atelier_qa_import.' || table_name)::regclass)
                    AS line ORDER BY line))
    FROM unnest(ARRAY['questions', 'answers', 'answers_photos']) AS table_name
$$;

-- Puts the staging tables into the place of the published ones, which are locked and go away. Their
-- identity sequences go on where those of the published tables are, or past the new ids.
CREATE PROCEDURE atelier_qa_import.exchange()
    LANGUAGE plpgsql AS $$
DECLARE
    place text;
    table_name text;
    published_next numeric;
BEGIN
    SELECT relnamespace::regnamespace INTO place FROM pg_class WHERE oid = 'questions'::regclass;
    FOREACH table_name IN ARRAY ARRAY['questions', 'answers', 'answers_photos'] LOOP
        EXECUTE format('SELECT last_value::numeric + is_called::integer FROM %s',
                       pg_get_serial_sequence(table_name, 'id')) INTO published_next;
        EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s',
                       pg_get_serial_sequence('atelier_qa_import.' || table_name, 'id'),
                       greatest(published_next, atelier_qa_import.highest_id(table_name) + 1));
    END LOOP;
    DELETE FROM product_pages;
    INSERT INTO changes DEFAULT VALUES; -- of every page, for hosts that ask (0019)
    TRUNCATE voters;
    DROP TABLE questions, answers, answers_photos;
    FOREACH table_name IN ARRAY ARRAY['questions', 'answers', 'answers_photos'] LOOP
        EXECUTE format('ALTER TABLE atelier_qa_import.%I SET SCHEMA %s', table_name, place);
    END LOOP;
    -- What has waited for a moderator and is gone, or is shown now.
    DELETE FROM moderated_items
    WHERE state = 'waiting'
        AND NOT EXISTS (SELECT FROM questions WHERE kind = 'question' AND id = item_id AND reported)
        AND NOT EXISTS (SELECT FROM answers WHERE kind = 'answer' AND id = item_id AND reported);
END
$$
