-- Whether a list goes on after a page, which the header Link tells. A ready-made page knows it. One that was
-- made before does not, and is made again as if it were missing; until then it is asked for each time.

-- Functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

ALTER TABLE product_pages ADD COLUMN has_more boolean;

-- As in 0017, also by helpfulness: for pages far behind, which tell by one row more whether the list goes on.
CREATE OR REPLACE FUNCTION answers_in_order(question_id bigint, sort text, count bigint, skipped bigint)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT id FROM (
            SELECT id, helpful, created_at FROM answers
            WHERE answers.question_id = $1 AND NOT ranked AND NOT reported
            UNION ALL (
            SELECT id, rank, created_at FROM answers
            WHERE $2 = 'helpful' AND answers.question_id = $1 AND rank IS NOT NULL
            ORDER BY rank DESC, id
            LIMIT $3 + $4)
            UNION ALL (
            SELECT id, rank, created_at FROM answers
            WHERE $2 = 'newest' AND answers.question_id = $1 AND rank IS NOT NULL
            ORDER BY created_at DESC, id DESC
            LIMIT $3 + $4)
            UNION ALL (
            SELECT id, rank, created_at FROM answers
            WHERE $2 = 'oldest' AND answers.question_id = $1 AND rank IS NOT NULL
            ORDER BY created_at, id
            LIMIT $3 + $4)) AS shown
        ORDER BY CASE $2 WHEN 'helpful' THEN helpful END DESC,
            CASE $2 WHEN 'newest' THEN created_at END DESC, CASE $2 WHEN 'newest' THEN id END DESC,
            CASE $2 WHEN 'oldest' THEN created_at END, id
        LIMIT $3 OFFSET $4);
END
$$;

-- A page of the given answers of a question, in the given order, as list_answers.sql makes one.
CREATE FUNCTION page_of_answers(question_id bigint, page bigint, count bigint, chosen bigint[]) RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT json_build_object(
        'question', $1::text,
        'page', $2,
        'count', $3,
        'results', coalesce(json_agg(shown), '[]'))
    FROM (
        SELECT id AS answer_id, body, iso_8601(created_at) AS date, answerer_name,
            helpful AS helpfulness,
            CASE WHEN octet_length(photo_urls::text) BETWEEN 3 AND 4 * 1024 * 1024 / $3 THEN (
                SELECT coalesce(json_agg(photo), '[]')
                FROM (
                    SELECT id, url::text FROM answers_photos
                    WHERE answer_id = answer.id
                    ORDER BY id) AS photo) ELSE '[]' END AS photos
        FROM unnest($4) WITH ORDINALITY AS of_page (number, position), LATERAL (
            SELECT id, body, created_at, answerer_name, helpful, photo_urls FROM answers
            WHERE answers.id = number
            OFFSET 0) AS answer -- each by its own look-up
        ORDER BY position) AS shown
$$;

-- As in 0013, with that.
-- Makes pages: at most `most_products` of marked products after `changed_after`, then, if there is
-- room, of products after `missing_after` that have none with that many answers. Returns how many
-- were made, and after which products to go on; NULL: no more in that direction. One caller at a
-- time: for a second one all is NULL.
--
-- When the marks take more than `most_bytes`, because they come faster than pages are made, all
-- pages are dropped with their marks; missing_to is 0 then.
CREATE OR REPLACE FUNCTION make_pages(changed_after integer, missing_after integer, most_products integer,
                           most_answers bigint, most_bytes bigint,
                           OUT made bigint, OUT changed_to integer, OUT missing_to integer)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET lock_timeout = '100ms'
AS $$
DECLARE
    marked integer[];
    room integer;
    missing integer[] := '{}';
    most_examined CONSTANT integer := 20 * most_products;
    most_marks CONSTANT integer := 10000; -- of one product
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

    WITH RECURSIVE wanted AS ( -- from product to product, whatever the number of their marks
        SELECT min(product_id) AS product_id FROM changed_products
        WHERE product_id > changed_after
        UNION ALL
        SELECT (SELECT min(product_id) FROM changed_products
                WHERE product_id > wanted.product_id)
        FROM wanted WHERE product_id IS NOT NULL
    ), seen AS (
        DELETE FROM changed_products
        WHERE ctid = ANY (ARRAY(
            SELECT mark.ctid
            FROM (SELECT product_id FROM wanted LIMIT most_products) AS product,
                LATERAL (SELECT ctid FROM changed_products
                         WHERE product_id = product.product_id
                         LIMIT most_marks) AS mark))
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
                    AND ready.most_answers = make_pages.most_answers
                    AND ready.has_more IS NOT NULL)
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
        questions_page(product_id, 5::bigint, 0::bigint, make_pages.most_answers),
        EXISTS (SELECT FROM questions WHERE questions.product_id = product.product_id AND NOT reported OFFSET 5)
    FROM (SELECT DISTINCT unnest(marked || missing) AS product_id) AS product
    ON CONFLICT ON CONSTRAINT product_pages_pkey DO UPDATE
    SET most_answers = excluded.most_answers, page = excluded.page, has_more = excluded.has_more;
    GET DIAGNOSTICS made = ROW_COUNT;
END
$$;
