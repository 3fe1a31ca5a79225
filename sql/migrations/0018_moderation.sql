-- Reports are counted, and moderators decide about what was reported.
--
--   - What is known of an item (a question or an answer) beside its own row is in moderated_items: only
--     items that were reported, or that somebody has decided about, have a row there. Whether an item is
--     shown is still told by its own column `reported` alone.
--   - Whoever changes any of it locks the item's own row first, as votes and reports do. So all that is
--     done to one item is done one after the other.
--   - The log of moderation is written by functions of the owner. The roles that serve and moderate may not
--     change it.
--
-- No foreign key leads to questions and answers: an import exchanges these tables.
--
-- Makes two small indexes, and locks both tables against writes meanwhile: a scan of each.

-- The functions run with the search path of this session, and look for temporary tables last:
-- nobody can put one of his own into their way.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

CREATE TYPE item_kind AS ENUM ('question', 'answer');
CREATE TYPE report_reason AS ENUM ('spam', 'offensive', 'personal-data', 'wrong-product', 'other');
-- open: nobody has decided, so the number of reports does. erased: the text is gone for good.
CREATE TYPE moderation_state AS ENUM ('open', 'waiting', 'approved', 'hidden', 'erased');
CREATE TYPE moderation_action AS ENUM
    ('approve', 'hide', 'restore', 'erase', 'undo', 'export-person', 'erase-person');

CREATE TABLE moderated_items (
    kind item_kind NOT NULL,
    item_id bigint NOT NULL,
    state moderation_state NOT NULL DEFAULT 'open',
    reports bigint NOT NULL DEFAULT 0, -- ever
    counted bigint NOT NULL DEFAULT 0, -- of them, those since the item was last restored
    last_report_at moment,
    PRIMARY KEY (kind, item_id)
);
-- The order of the queue: most reported first.
CREATE INDEX moderated_items_queue ON moderated_items (counted DESC, kind, item_id)
    WHERE state IN ('open', 'waiting');

-- Reports of which more is known than their number: the reason, a note, or who sent it, as a digest of
-- the shopper's token, so that each shopper counts once.
CREATE TABLE reports (
    kind item_kind NOT NULL,
    item_id bigint NOT NULL,
    reported_at moment NOT NULL DEFAULT now(),
    reason report_reason,
    note body_text,
    voter uuid
);
CREATE UNIQUE INDEX reports_voter ON reports (kind, item_id, voter) WHERE voter IS NOT NULL;
CREATE INDEX reports_item ON reports (kind, item_id, reported_at);

-- Who decided what, and when. `actor` is the name that a person goes by, `role` that of the database session.
-- It holds no text of an item and no name or address of its author.
CREATE TABLE moderation_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_at moment NOT NULL DEFAULT clock_timestamp(),
    role text NOT NULL DEFAULT session_user,
    actor person_name NOT NULL,
    action moderation_action NOT NULL,
    kind item_kind,
    item_id bigint,
    before json,
    after json,
    note body_text
);
CREATE INDEX moderation_log_item ON moderation_log (kind, item_id, id);

-- What is hidden and has no row in moderated_items yet: a vote changes neither index, and stays in place.
CREATE INDEX questions_reported ON questions (id) WHERE reported;
CREATE INDEX answers_reported ON answers (id) WHERE reported;

-- Counts reports of items of one kind, whose rows the caller has locked in the order of their ids. Each is a
-- JSON object: id, hide_at (the number of reports that hides the item), and perhaps reason and note. `voters`
-- has who sent them, in the same order, each as a digest or NULL; or is NULL itself. Returns the items that are
-- to be hidden now, if they are not.
--
-- Reasons and notes of the first hundred reports of an item are kept, so that no flood fills the disk.
CREATE FUNCTION count_reports(of_kind item_kind, received json[], voters uuid[]) RETURNS SETOF bigint
    LANGUAGE plpgsql ROWS 10 SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
BEGIN
    RETURN QUERY
    WITH report AS (
        SELECT (value->>'id')::bigint AS id, (value->>'hide_at')::bigint AS hide_at,
            (value->>'reason')::report_reason AS reason, value->>'note' AS note, sender AS voter
        FROM unnest(received, voters) AS given (value, sender)
    ), kept AS (
        INSERT INTO reports (kind, item_id, reason, note, voter)
        SELECT of_kind, report.id, report.reason, report.note, report.voter
        FROM report
        WHERE report.voter IS NOT NULL
            OR ((report.reason IS NOT NULL OR report.note IS NOT NULL) AND NOT EXISTS (
                SELECT FROM moderated_items
                WHERE kind = of_kind AND item_id = report.id AND moderated_items.reports >= 100))
        ON CONFLICT (kind, item_id, voter) WHERE voter IS NOT NULL DO NOTHING
        RETURNING item_id, reports.voter
    ), tally AS (
        SELECT id, count(*) AS number
        FROM (SELECT id FROM report WHERE report.voter IS NULL
              UNION ALL
              SELECT item_id FROM kept WHERE kept.voter IS NOT NULL) AS counted_one
        GROUP BY id
    ), changed AS (
        INSERT INTO moderated_items AS item (kind, item_id, reports, counted, last_report_at)
        SELECT of_kind, id, number, number, now() FROM tally ORDER BY id
        ON CONFLICT (kind, item_id) DO UPDATE
        SET reports = item.reports + excluded.reports, counted = item.counted + excluded.counted,
            last_report_at = excluded.last_report_at
        RETURNING item_id, state, counted
    )
    SELECT item_id FROM changed
    WHERE state = 'open'
        AND counted >= (SELECT min(hide_at) FROM report WHERE report.id = changed.item_id);
END
$$;

-- Gives a row to items that are hidden and have none: those that were reported before there was this
-- table, that an import has brought, or that somebody has hidden by hand. Some thousands at a time.
CREATE FUNCTION adopt_reported() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
    INSERT INTO moderated_items (kind, item_id, reports, counted)
    SELECT 'question', id, 1, 1 FROM questions
    WHERE reported AND NOT EXISTS (SELECT FROM moderated_items
                                   WHERE kind = 'question' AND item_id = questions.id)
    ORDER BY id
    LIMIT 10000
    ON CONFLICT DO NOTHING;
    INSERT INTO moderated_items (kind, item_id, reports, counted)
    SELECT 'answer', id, 1, 1 FROM answers
    WHERE reported AND NOT EXISTS (SELECT FROM moderated_items
                                   WHERE kind = 'answer' AND item_id = answers.id)
    ORDER BY id
    LIMIT 10000
    ON CONFLICT DO NOTHING
$$;

-- What the steps of a decision have in common: the item, locked; its pages' product and question; and what
-- is known of it. `shown` is NULL where there is no such item.
CREATE TYPE item_in_hand AS (
    kind item_kind,
    id bigint,
    product integer,
    question bigint, -- whose pages change
    shown boolean,
    state moderation_state,
    counted bigint
);

CREATE FUNCTION take_item(of_kind item_kind, of_id bigint) RETURNS item_in_hand
    LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    item item_in_hand;
BEGIN
    item.kind := of_kind;
    item.id := of_id;
    IF of_kind = 'question' THEN
        SELECT product_id, id, NOT reported INTO item.product, item.question, item.shown FROM questions
        WHERE id = of_id FOR UPDATE;
    ELSE
        SELECT question_id, NOT reported INTO item.question, item.shown FROM answers
        WHERE id = of_id FOR NO KEY UPDATE;
        item.product := product_of(item.question);
    END IF;
    SELECT state, counted INTO item.state, item.counted FROM moderated_items
    WHERE kind = of_kind AND item_id = of_id;
    item.state := coalesce(item.state, 'open');
    item.counted := coalesce(item.counted, 0);
    RETURN item;
END
$$;

-- Makes an item what it is to be, and writes that down. Returns the log's entry.
CREATE FUNCTION put_item(item item_in_hand, next item_in_hand, action moderation_action, actor text, why text)
    RETURNS bigint
    LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    entry bigint;
BEGIN
    -- Rank as well, so that its trigger finds nothing to put right (0012).
    IF item.shown <> next.shown AND item.kind = 'question' THEN
        UPDATE questions SET reported = NOT next.shown, rank = CASE WHEN ranked AND next.shown THEN helpful END
        WHERE id = item.id;
    ELSIF item.shown <> next.shown THEN
        UPDATE answers SET reported = NOT next.shown, rank = CASE WHEN ranked AND next.shown THEN helpful END
        WHERE id = item.id;
    END IF;
    INSERT INTO moderated_items (kind, item_id, state, counted)
    VALUES (item.kind, item.id, next.state, next.counted)
    ON CONFLICT ON CONSTRAINT moderated_items_pkey DO UPDATE
    SET state = excluded.state, counted = excluded.counted;
    INSERT INTO moderation_log (actor, action, kind, item_id, before, after, note)
    VALUES (actor, action, item.kind, item.id,
            json_build_object('state', item.state, 'shown', item.shown, 'counted', item.counted),
            json_build_object('state', next.state, 'shown', next.shown, 'counted', next.counted), why)
    RETURNING id INTO entry;
    RETURN entry;
END
$$;

-- Takes the text, the author and the photos of an item away for good. Its row, its votes and its answers stay.
CREATE FUNCTION erase_text(item item_in_hand) RETURNS void
    LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
    IF item.kind = 'question' THEN
        UPDATE questions SET body = '[removed]', asker_name = '[removed]', asker_email = NULL
        WHERE id = item.id;
    ELSE
        -- The copies first, so that the trigger of the photos finds nothing to put right.
        UPDATE answers SET body = '[removed]', answerer_name = '[removed]', answerer_email = NULL,
            photo_urls = '[]'
        WHERE id = item.id;
        DELETE FROM answers_photos WHERE answer_id = item.id;
    END IF;
    UPDATE reports SET note = NULL
    WHERE kind = item.kind AND item_id = item.id AND note IS NOT NULL;
    DELETE FROM product_pages WHERE product_id = item.product;
END
$$;

-- Decides about an item: approve (it stays shown, whatever is reported), hide (until a moderator decides
-- otherwise), restore (it is shown, and reports count from zero again) or erase. What is as it should be
-- already changes nothing, and has no entry. `refusal` tells why nothing was done: 'missing', or 'erased'.
CREATE FUNCTION moderate(action moderation_action, of_kind item_kind, of_id bigint, actor text, why text,
                         OUT entry bigint, OUT product integer, OUT question bigint, OUT refusal text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    item CONSTANT item_in_hand := take_item(of_kind, of_id);
    next item_in_hand := item;
BEGIN
    IF action NOT IN ('approve', 'hide', 'restore', 'erase') THEN
        RAISE EXCEPTION 'moderate: % is no decision', action USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF item.shown IS NULL OR (item.state = 'erased' AND action <> 'erase') THEN
        refusal := CASE WHEN item.shown IS NULL THEN 'missing' ELSE 'erased' END;
        RETURN;
    END IF;
    next.shown := action IN ('approve', 'restore');
    next.state := CASE action WHEN 'approve' THEN 'approved' WHEN 'hide' THEN 'hidden'
                              WHEN 'restore' THEN 'open' ELSE 'erased' END;
    next.counted := CASE action WHEN 'restore' THEN 0 ELSE item.counted END;
    product := item.product;
    question := item.question;
    IF next IS DISTINCT FROM item THEN
        IF action = 'erase' THEN
            PERFORM erase_text(item);
        END IF;
        entry := put_item(item, next, action, actor, why);
    END IF;
END
$$;

-- Undoes the last decision about an item, which must be the entry `expected` unless that is NULL. Reports that
-- have come since then stay counted. `refusal`: 'missing', 'erased', 'nothing' or 'later'.
CREATE FUNCTION undo_moderation(of_kind item_kind, of_id bigint, expected bigint, actor text, why text,
                                OUT entry bigint, OUT product integer, OUT question bigint, OUT refusal text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    item CONSTANT item_in_hand := take_item(of_kind, of_id);
    next item_in_hand := item;
    last moderation_log;
BEGIN
    SELECT * INTO last FROM moderation_log
    WHERE kind = of_kind AND item_id = of_id
    ORDER BY id DESC LIMIT 1;
    refusal := CASE WHEN item.shown IS NULL THEN 'missing'
                    WHEN item.state = 'erased' THEN 'erased'
                    WHEN last.id IS NULL THEN 'nothing'
                    WHEN last.id <> expected THEN 'later' END;
    IF refusal IS NOT NULL THEN
        RETURN;
    END IF;
    next.shown := (last.before->>'shown')::boolean;
    next.state := (last.before->>'state')::moderation_state;
    next.counted := greatest(0, item.counted + (last.before->>'counted')::bigint
                                - (last.after->>'counted')::bigint);
    product := item.product;
    question := item.question;
    entry := put_item(item, next, 'undo', actor, why);
END
$$;

-- An item as moderators see it, without its author's address; NULL where there is none. Volatile, for a
-- snapshot of its own: a statement that decides about an item shows what has become of it.
CREATE FUNCTION describe_item(of_kind item_kind, of_id bigint) RETURNS json
    LANGUAGE plpgsql
AS $$
DECLARE
    described json;
BEGIN
    SELECT json_build_object(
        'item', CASE of_kind WHEN 'question' THEN 'questions/' ELSE 'answers/' END || of_id,
        'kind', of_kind,
        'id', of_id,
        'product_id', product_id,
        'question_id', question_id,
        'body', body,
        'name', name,
        'date', iso_8601(created_at),
        'helpfulness', helpful,
        'photos', photos,
        'shown', NOT reported,
        'state', coalesce(state, 'open'),
        'reports', coalesce(known.reports, 0),
        'counted', coalesce(counted, 0),
        'last_report', iso_8601(last_report_at),
        'reasons', (
            SELECT coalesce(json_object_agg(reason, number), '{}')
            FROM (SELECT reason, count(*) AS number FROM reports
                  WHERE kind = of_kind AND reports.item_id = of_id AND reason IS NOT NULL
                  GROUP BY reason ORDER BY count(*) DESC, reason) AS of_reason))
    INTO described
    FROM (
        SELECT product_id, id AS question_id, body, asker_name AS name, created_at, helpful, reported,
            '[]'::json AS photos
        FROM questions WHERE of_kind = 'question' AND id = of_id
        UNION ALL
        SELECT questions.product_id, questions.id, answers.body, answerer_name, answers.created_at,
            answers.helpful, answers.reported, photo_urls
        FROM answers JOIN questions ON questions.id = question_id
        WHERE of_kind = 'answer' AND answers.id = of_id) AS row
        LEFT JOIN moderated_items AS known ON known.kind = of_kind AND known.item_id = of_id;
    RETURN described;
END
$$;

-- The role of moderators. It cannot log in: a login role is made a member of it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'atelier_qa_moderating') THEN
        CREATE ROLE atelier_qa_moderating NOLOGIN;
    END IF;
EXCEPTION
    -- Roles belong to the cluster: the migration of another database may have been quicker.
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role atelier_qa_moderating is missing: CREATE ROLE atelier_qa_moderating'
            USING ERRCODE = 'insufficient_privilege';
END
$$;

REVOKE ALL ON moderated_items, reports, moderation_log FROM PUBLIC;
REVOKE ALL ON FUNCTION count_reports, adopt_reported, take_item, put_item, erase_text, moderate,
    undo_moderation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_reports TO atelier_qa_serving;
GRANT SELECT (id, product_id, helpful, created_at, reported, body, asker_name)
    ON questions TO atelier_qa_moderating;
GRANT SELECT (id, question_id, helpful, created_at, reported, body, answerer_name, photo_urls)
    ON answers TO atelier_qa_moderating;
GRANT SELECT ON moderated_items, moderation_log TO atelier_qa_moderating;
GRANT SELECT (kind, item_id, reported_at, reason, note) ON reports TO atelier_qa_moderating;
GRANT EXECUTE ON FUNCTION adopt_reported, moderate, undo_moderation TO atelier_qa_moderating;
