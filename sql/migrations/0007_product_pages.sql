-- Keeps the page of each product that is asked for most, the first five questions, ready-made, so
-- that it costs one look-up instead of a query over three tables.
--
--   - Whoever changes a question or an answer, the service or somebody by hand, leaves a mark on its
--     product (triggers), in the same transaction. A page with a mark is not shown; the query is run
--     instead.
--   - A worker with time to spare makes marked and missing pages (make_pages). It removes the marks
--     that it sees and then makes their pages from what it sees at that moment or later. So a change
--     that a page does not hold is one whose mark is still there.
--   - A mark is a row of its own: nobody waits for a lock because of one.
--
-- Both tables are unlogged: they cost nothing in the log, and are empty after a crash or on a
-- server promoted from a standby, when the pages are made anew. Where no marks are left
-- (docs/operations.md), TRUNCATE product_pages afterwards.

-- The functions run with the search path of this session, and look for temporary tables last:
-- nobody can put one of his own into their way.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- Pages of some KiB stay in their row, uncompressed: they are read more often than made.
CREATE UNLOGGED TABLE product_pages (
    product_id integer PRIMARY KEY,
    most_answers bigint NOT NULL, -- of each question, as the page was made
    page json NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE product_pages ALTER page SET STORAGE EXTERNAL;

-- The marks: any number for a product.
CREATE UNLOGGED TABLE changed_products (
    product_id integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX changed_products_product_id ON changed_products (product_id);

-- One page of a product's questions, each with its answers and their photos. A change of what it
-- returns has to empty product_pages. Volatile, for a snapshot of its own: one who has waited for a
-- transaction that emptied and filled the tables must see what it has put there.
CREATE FUNCTION questions_page(product_id integer, count bigint, skipped bigint,
                               most_answers bigint) RETURNS json
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (
        SELECT json_build_object(
            'product_id', $1::text,
            'results', coalesce(json_agg(shown), '[]'))
        FROM (
            SELECT id AS question_id, body::text AS question_body,
                iso_8601(created_at) AS question_date, asker_name::text,
                helpful AS question_helpfulness, reported, (
                    SELECT coalesce(json_object_agg(id, shown), '{}')
                    FROM (
                        SELECT id, body::text, iso_8601(created_at) AS date, answerer_name::text,
                            helpful AS helpfulness, photo_urls AS photos
                        FROM answers
                        WHERE question_id = question.id AND NOT reported
                        ORDER BY helpful DESC, id
                        LIMIT $4) AS shown) AS answers
            FROM questions AS question
            WHERE question.product_id = $1 AND NOT reported
            ORDER BY helpful DESC, id
            LIMIT $2 OFFSET $3) AS shown);
END
$$;

-- The serving role may change questions and answers but not marks: hence the owner's rights.
--
-- An update, a vote most often, has no table of rows before: whoever moves something to another
-- product marks the one that it leaves with a trigger of its own.
CREATE FUNCTION mark_changed_questions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO changed_products SELECT DISTINCT product_id FROM changed;
    RETURN NULL;
END
$$;

CREATE FUNCTION mark_changed_answers() RETURNS trigger
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
    RETURN NULL;
END
$$;

CREATE FUNCTION mark_left_product() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_TABLE_NAME = 'questions' THEN
        INSERT INTO changed_products VALUES (OLD.product_id);
    ELSE
        INSERT INTO changed_products SELECT product_id FROM questions WHERE id = OLD.question_id;
    END IF;
    RETURN NULL;
END
$$;

-- A question changes its product: who changes one of its answers at the same time might mark the
-- product that it leaves. So they wait for each other, for the question's row when an answer is added
-- and for the answer's row when one is changed.
CREATE FUNCTION lock_moved_question() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM FROM questions WHERE id = OLD.id FOR UPDATE;
    PERFORM FROM answers WHERE question_id = OLD.id ORDER BY id FOR UPDATE;
    RETURN NEW;
END
$$;

-- Nobody makes pages until the transaction that has emptied a table ends.
CREATE FUNCTION drop_product_pages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    LOCK TABLE product_pages IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM product_pages;
    RETURN NULL;
END
$$;

CREATE TRIGGER questions_added AFTER INSERT ON questions
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_questions();
CREATE TRIGGER questions_changed AFTER UPDATE ON questions
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_questions();
CREATE TRIGGER questions_move BEFORE UPDATE OF product_id ON questions
    FOR EACH ROW EXECUTE FUNCTION lock_moved_question();
CREATE TRIGGER questions_moved AFTER UPDATE OF product_id ON questions
    FOR EACH ROW EXECUTE FUNCTION mark_left_product();
CREATE TRIGGER questions_removed AFTER DELETE ON questions
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_questions();
CREATE TRIGGER questions_truncated AFTER TRUNCATE ON questions
    FOR EACH STATEMENT EXECUTE FUNCTION drop_product_pages();
CREATE TRIGGER answers_added AFTER INSERT ON answers
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_answers();
CREATE TRIGGER answers_changed AFTER UPDATE ON answers
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_answers();
CREATE TRIGGER answers_moved AFTER UPDATE OF question_id ON answers
    FOR EACH ROW EXECUTE FUNCTION mark_left_product();
CREATE TRIGGER answers_removed AFTER DELETE ON answers
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_answers();
CREATE TRIGGER answers_truncated AFTER TRUNCATE ON answers
    FOR EACH STATEMENT EXECUTE FUNCTION drop_product_pages();

-- Makes pages: at most `most_products` of marked products after `changed_after`, then, if there is
-- room, of products after `missing_after` that have none with that many answers. Returns how many
-- were made, and after which products to go on; NULL: no more in that direction. One caller at a
-- time: for a second one all is NULL.
--
-- When the marks take more than `most_bytes`, because they come faster than pages are made, all
-- pages are dropped with their marks; missing_to is 0 then.
CREATE FUNCTION make_pages(changed_after integer, missing_after integer, most_products integer,
                           most_answers bigint, most_bytes bigint,
                           OUT made bigint, OUT changed_to integer, OUT missing_to integer)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '100ms'
AS $$
DECLARE
    marked integer[];
    room integer;
    missing integer[] := '{}';
    most_examined CONSTANT integer := 20 * most_products;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'make_pages: each statement needs a snapshot of its own'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- Any number that nobody else takes an advisory lock on in this database (sql/import/try_lock.sql,
    -- src/db/migrations.c).
    IF NOT pg_try_advisory_xact_lock(7281504419) THEN
        RETURN;
    END IF;
    -- Before anything else is locked or looked at: whoever drops the pages is waited for.
    LOCK TABLE product_pages IN ROW EXCLUSIVE MODE;

    IF pg_relation_size('changed_products') > most_bytes THEN
        BEGIN
            LOCK TABLE product_pages, changed_products IN ACCESS EXCLUSIVE MODE NOWAIT;
            TRUNCATE product_pages, changed_products;
            made := 0;
            missing_to := 0;
            RETURN;
        EXCEPTION
            WHEN lock_not_available THEN NULL; -- another time
        END;
    END IF;

    WITH seen AS (
        DELETE FROM changed_products
        WHERE product_id = ANY (ARRAY(
            SELECT DISTINCT product_id FROM changed_products
            WHERE product_id > changed_after
            ORDER BY product_id
            LIMIT most_products))
        RETURNING product_id
    )
    SELECT coalesce(array_agg(DISTINCT product_id), '{}') INTO marked FROM seen;
    room := most_products - cardinality(marked);
    IF room = 0 THEN
        changed_to := marked[most_products];
        missing_to := missing_after;
    ELSE
        missing := ARRAY(
            SELECT product_id
            FROM (SELECT DISTINCT product_id FROM questions
                  WHERE product_id > missing_after
                  ORDER BY product_id
                  LIMIT most_examined) AS examined
            WHERE NOT EXISTS (
                SELECT FROM product_pages AS ready
                WHERE ready.product_id = examined.product_id
                    AND ready.product_id > missing_after -- for a merge join, to begin there
                    AND ready.most_answers = make_pages.most_answers)
            ORDER BY product_id
            LIMIT room);
        IF cardinality(missing) = room THEN
            missing_to := missing[room];
        ELSE -- the last one examined, if there are more behind it
            SELECT product_id INTO missing_to
            FROM (SELECT DISTINCT product_id FROM questions
                  WHERE product_id > missing_after) AS examined
            ORDER BY product_id
            OFFSET most_examined - 1 LIMIT 1;
        END IF;
    END IF;

    INSERT INTO product_pages
    SELECT product_id, make_pages.most_answers,
        questions_page(product_id, 5::bigint, 0::bigint, make_pages.most_answers)
    FROM (SELECT DISTINCT unnest(marked || missing) AS product_id) AS product
    ON CONFLICT ON CONSTRAINT product_pages_pkey DO UPDATE
    SET most_answers = excluded.most_answers, page = excluded.page;
    GET DIAGNOSTICS made = ROW_COUNT;
END
$$;

REVOKE ALL ON product_pages, changed_products FROM PUBLIC;
REVOKE ALL ON FUNCTION mark_changed_questions, mark_changed_answers, mark_left_product,
    lock_moved_question, drop_product_pages, make_pages FROM PUBLIC;
GRANT SELECT ON product_pages, changed_products TO atelier_qa_serving;
GRANT EXECUTE ON FUNCTION make_pages TO atelier_qa_serving;
