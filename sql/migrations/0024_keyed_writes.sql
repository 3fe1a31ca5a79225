-- Keyed writes: those whose request has an Idempotency-Key. What a client is told of such a write is kept for
-- a day, recorded in the transaction of the write itself: so it is made once, however often its request comes.

-- The functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- `key` is a hash of the key, the method and the path, `request` one of what else the request says. The
-- product and the question are those whose pages the write has changed.
CREATE TABLE keyed_writes (
    key uuid PRIMARY KEY,
    request uuid NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    status smallint NOT NULL,
    product_id integer,
    question_id bigint,
    body json -- of the response, where it has one
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX keyed_writes_made_at ON keyed_writes (made_at);

-- Older records count no more.
CREATE FUNCTION oldest_keyed_write() RETURNS timestamptz
    LANGUAGE sql STABLE
    RETURN now() - interval '24 hours';

-- What to do with each write of a batch; a key is null where a write has none. A write with is_new is to be
-- made, and to be recorded in keyed_writes; one without a key always is. For the others, `status` and the
-- rest are what to respond with: what is recorded; 422 where another request had that key; 409 where the write
-- is under way, in this batch or in another transaction.
--
-- Who makes a keyed write holds a lock on its key until the commit; nobody waits for one. Records are looked
-- up after that, in a snapshot of its own: so who gets a lock sees what the holder before has recorded.
CREATE FUNCTION take_keys(keys uuid[], requests uuid[])
    RETURNS TABLE ("position" bigint, key uuid, request uuid, is_new boolean, status integer,
                   product_id integer, question_id bigint, body json)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    locked CONSTANT bigint[] := ARRAY(
        SELECT min(nth)
        FROM unnest(keys) WITH ORDINALITY AS given (key, nth)
        WHERE key IS NOT NULL
        GROUP BY key
        HAVING pg_try_advisory_xact_lock(uuid_hash_extended(key, 0)));
BEGIN
    IF cardinality(locked) > 0 THEN
        DELETE FROM keyed_writes
        WHERE ctid = ANY (ARRAY(
            SELECT kept.ctid
            FROM unnest(locked) AS nth, LATERAL ( -- key by key, also where the plan is made while there is no record
                SELECT ctid, made_at FROM keyed_writes WHERE key = keys[nth] OFFSET 0) AS kept
            WHERE kept.made_at <= oldest_keyed_write()));
    END IF;
    RETURN QUERY
    SELECT nth, given.key, given.request,
        kept.key IS NULL AND (given.key IS NULL OR nth = ANY (locked)),
        CASE WHEN kept.key IS NULL THEN 409
             WHEN kept.request <> given.request THEN 422
             ELSE kept.status END,
        kept.product_id, kept.question_id, kept.body
    FROM unnest(keys, requests) WITH ORDINALITY AS given (key, request, nth)
        LEFT JOIN LATERAL ( -- likewise
            SELECT * FROM keyed_writes WHERE key = given.key OFFSET 0) AS kept
            ON made_at > oldest_keyed_write();
END
$$;

-- Removes old records, at most so many. Returns how many they were, and in how many seconds the next one is
-- old; NULL: there is none.
CREATE FUNCTION forget_keyed_writes(most bigint, OUT forgotten bigint, OUT next_s bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    DELETE FROM keyed_writes
    WHERE key = ANY (ARRAY(
        SELECT key FROM keyed_writes
        WHERE made_at <= oldest_keyed_write()
        ORDER BY made_at
        LIMIT most
        FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    next_s := (SELECT ceil(extract(epoch FROM min(made_at) - oldest_keyed_write())) FROM keyed_writes
               WHERE made_at > oldest_keyed_write());
END
$$;

-- New elements as their lists show them, for the responses to those who have posted them. PostgreSQL inlines
-- both.
CREATE FUNCTION new_question(id bigint, body text, created_at timestamptz, asker_name text) RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT json_build_object(
        'question_id', id,
        'question_body', body,
        'question_date', iso_8601(created_at),
        'asker_name', asker_name,
        'question_helpfulness', 0,
        'reported', false,
        'answers', '{}'::json)
$$;

CREATE FUNCTION new_answer(id bigint, body text, created_at timestamptz, answerer_name text, photos json)
    RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT json_build_object(
        'answer_id', id,
        'body', body,
        'date', iso_8601(created_at),
        'answerer_name', answerer_name,
        'helpfulness', 0,
        'photos', photos)
$$;

-- When a text is erased or changed, by hand or by a moderator, the record of its post has it no more.
CREATE FUNCTION keep_keyed_writes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_TABLE_NAME = 'questions' THEN
        UPDATE keyed_writes SET body = new_question(NEW.id, NEW.body, NEW.created_at, NEW.asker_name)
        WHERE question_id = NEW.id AND body->>'question_id' IS NOT NULL;
    ELSE
        UPDATE keyed_writes
        SET body = new_answer(NEW.id, NEW.body, NEW.created_at, NEW.answerer_name,
                              CASE WHEN NEW.photo_urls::text = '[]' THEN '[]' ELSE body->'photos' END)
        WHERE question_id = NEW.question_id AND body->>'answer_id' = NEW.id::text;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER questions_text_changed AFTER UPDATE OF body, asker_name ON questions
    FOR EACH ROW EXECUTE FUNCTION keep_keyed_writes();
CREATE TRIGGER answers_text_changed AFTER UPDATE OF body, answerer_name ON answers
    FOR EACH ROW EXECUTE FUNCTION keep_keyed_writes();

REVOKE ALL ON keyed_writes FROM PUBLIC;
REVOKE ALL ON FUNCTION take_keys, forget_keyed_writes, keep_keyed_writes FROM PUBLIC;
GRANT INSERT (key, request, status, product_id, question_id, body) ON keyed_writes TO atelier_qa_serving;
GRANT EXECUTE ON FUNCTION take_keys, forget_keyed_writes TO atelier_qa_serving;
