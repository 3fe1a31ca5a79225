-- What the database holds of a person, who is known by an e-mail address: all of it (GDPR, article 15), and its
-- erasure (article 17). Only the owner may call these functions; no index leads to addresses, so each reads all
-- questions and answers.

-- The functions run with the search path of this session, and look for temporary tables last:
-- nobody can put one of his own into their way.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- A regular expression for an address within a text, which is no part of a longer one.
CREATE FUNCTION address_pattern(address text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN '(?<![[:alnum:]._%+-])' || regexp_replace(address, '([^[:alnum:]])', '\\\1', 'g')
        || '(?![[:alnum:]_-]|\.[[:alnum:]])';

-- Whether a text has it. The first test is cheap, and most texts fail it.
CREATE FUNCTION names_address(content text, address text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN position(lower(address) IN lower(content)) > 0 AND content ~* address_pattern(address);

-- The same text without it. It is no longer than it was allowed to be.
CREATE FUNCTION without_address(content text, address text, most integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN left(regexp_replace(content, address_pattern(address), '[removed]', 'gi'), most);

-- All of a person: what was posted with that address, and what else names it.
CREATE FUNCTION export_person(address text, by_whom text) RETURNS json
    LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    found json;
BEGIN
    SELECT json_build_object(
        'email', address,
        'questions', (
            SELECT coalesce(json_agg(one ORDER BY id), '[]')
            FROM (SELECT id, product_id, body, asker_name AS name, asker_email AS email,
                      iso_8601(created_at) AS date, helpful AS helpfulness, NOT reported AS shown
                  FROM questions WHERE lower(asker_email) = lower(address)) AS one),
        'answers', (
            SELECT coalesce(json_agg(one ORDER BY id), '[]')
            FROM (SELECT id, question_id, body, answerer_name AS name, answerer_email AS email,
                      iso_8601(created_at) AS date, helpful AS helpfulness, photo_urls AS photos,
                      NOT reported AS shown
                  FROM answers WHERE lower(answerer_email) = lower(address)) AS one),
        'mentions', (
            SELECT coalesce(json_agg(one), '[]')
            FROM (SELECT 'questions/' || id AS item, body AS text FROM questions
                  WHERE lower(asker_email) IS DISTINCT FROM lower(address)
                      AND (names_address(body, address) OR names_address(asker_name, address))
                  UNION ALL
                  SELECT 'answers/' || id, body FROM answers
                  WHERE lower(answerer_email) IS DISTINCT FROM lower(address)
                      AND (names_address(body, address) OR names_address(answerer_name, address))
                  UNION ALL
                  SELECT 'report of ' || CASE kind WHEN 'question' THEN 'questions/' ELSE 'answers/' END
                      || item_id, note
                  FROM reports WHERE names_address(note, address)
                  UNION ALL
                  SELECT 'entry ' || id || ' of the log', concat_ws(': ', entry.actor, entry.note) FROM moderation_log AS entry
                  WHERE names_address(entry.note, address) OR names_address(entry.actor, address)) AS one))
    INTO found;
    INSERT INTO moderation_log (actor, action, after)
    VALUES (by_whom, 'export-person', json_build_object(
        'questions', json_array_length(found->'questions'), 'answers', json_array_length(found->'answers')));
    RETURN found;
END
$$;

-- Erases a person: name and address go everywhere, and the texts and photos too unless they are kept. The log
-- says how many items there were, and not whose.
CREATE FUNCTION erase_person(address text, keeps_texts boolean, by_whom text,
                             OUT questions_erased bigint, OUT answers_erased bigint, OUT others_changed bigint)
    LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    -- Locked in the order of their ids, questions first, as others lock them.
    question_ids CONSTANT bigint[] := ARRAY(
        SELECT id FROM questions WHERE lower(asker_email) = lower(address) ORDER BY id FOR UPDATE);
    answer_ids CONSTANT bigint[] := ARRAY(
        SELECT id FROM answers WHERE lower(answerer_email) = lower(address) ORDER BY id FOR NO KEY UPDATE);
    item item_in_hand;
    next item_in_hand;
    changed bigint;
BEGIN
    questions_erased := cardinality(question_ids);
    answers_erased := cardinality(answer_ids);
    others_changed := 0;
    FOR item IN
        SELECT taken.*
        FROM (SELECT 'question'::item_kind AS kind, unnest(question_ids) AS id
              UNION ALL SELECT 'answer', unnest(answer_ids)) AS of_person,
            LATERAL take_item(of_person.kind, of_person.id) AS taken
    LOOP
        IF keeps_texts THEN
            UPDATE questions SET asker_name = '[removed]', asker_email = NULL
            WHERE item.kind = 'question' AND id = item.id;
            UPDATE answers SET answerer_name = '[removed]', answerer_email = NULL
            WHERE item.kind = 'answer' AND id = item.id;
        ELSE
            next := item;
            next.shown := false;
            next.state := 'erased';
            PERFORM erase_text(item);
            IF next IS DISTINCT FROM item THEN
                PERFORM put_item(item, next, 'erase-person', by_whom, NULL);
            END IF;
        END IF;
    END LOOP;
    -- What others have written about these items may name the person.
    UPDATE reports SET note = NULL
    WHERE note IS NOT NULL AND (kind = 'question' AND item_id = ANY (question_ids)
                                OR kind = 'answer' AND item_id = ANY (answer_ids));
    UPDATE moderation_log SET note = NULL
    WHERE note IS NOT NULL AND (kind = 'question' AND item_id = ANY (question_ids)
                                OR kind = 'answer' AND item_id = ANY (answer_ids));
    -- The address in texts of others.
    UPDATE questions SET body = without_address(body, address, 1000),
        asker_name = without_address(asker_name, address, 60)
    WHERE names_address(body, address) OR names_address(asker_name, address);
    GET DIAGNOSTICS changed = ROW_COUNT;
    others_changed := others_changed + changed;
    UPDATE answers SET body = without_address(body, address, 1000),
        answerer_name = without_address(answerer_name, address, 60)
    WHERE names_address(body, address) OR names_address(answerer_name, address);
    GET DIAGNOSTICS changed = ROW_COUNT;
    others_changed := others_changed + changed;
    UPDATE reports SET note = without_address(note, address, 1000) WHERE names_address(note, address);
    UPDATE moderation_log SET note = without_address(note, address, 1000),
        actor = without_address(actor, address, 60)
    WHERE names_address(note, address) OR names_address(actor, address);
    -- What is kept of keyed writes are responses, which show the name.
    DELETE FROM keyed_writes -- of 0024
    WHERE (body->>'question_id')::bigint = ANY (question_ids) OR (body->>'answer_id')::bigint = ANY (answer_ids)
        OR names_address(body::text, address);
    -- Pages that are made again hold nothing of it; those that there are go at once.
    DELETE FROM product_pages
    WHERE product_id IN (SELECT product_id FROM changed_products);
    INSERT INTO moderation_log (actor, action, after)
    VALUES (by_whom, 'erase-person', json_build_object(
        'questions', questions_erased, 'answers', answers_erased, 'texts', CASE WHEN keeps_texts THEN 'kept' ELSE 'removed' END));
END
$$;

REVOKE ALL ON FUNCTION address_pattern, names_address, without_address, export_person, erase_person FROM PUBLIC;
