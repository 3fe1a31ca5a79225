-- Keeps the URLs of an answer's photos, ready as JSON, in the answer's own row: a product page then
-- needs no look-up for each of its answers. answers_photos remains what they are taken from; a
-- trigger there keeps the copies right, whoever adds, changes or removes photos (TRUNCATE aside).
-- Who writes the copy together with the answer, as the service and the import do, leaves the trigger
-- nothing to change.
--
-- Locks answers and answers_photos against everything, for a moment only: the default is not
-- written into the rows. The next migration fills in the copies of the photos that are there.

-- The functions run with the search path of this session, and look for temporary tables last:
-- nobody can put one of his own into their way.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

ALTER TABLE answers ADD COLUMN photo_urls json NOT NULL DEFAULT '[]';

CREATE FUNCTION photo_urls(answer_id bigint) RETURNS json
    LANGUAGE sql STABLE SET search_path FROM CURRENT
AS $$
    SELECT coalesce(json_agg(url ORDER BY id), '[]') FROM answers_photos
    WHERE answers_photos.answer_id = $1
$$;

-- Makes the copies of some answers right, locked in the order of their ids. The second statement sees
-- what was committed while the first one waited for locks.
CREATE FUNCTION refresh_photo_urls(answer_ids bigint[]) RETURNS void
    LANGUAGE sql SET search_path FROM CURRENT
AS $$
    SELECT FROM answers
    WHERE id = ANY (answer_ids) AND photo_urls::text <> photo_urls(id)::text
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE answers SET photo_urls = photo_urls(id)
    WHERE id = ANY (answer_ids) AND photo_urls::text <> photo_urls(id)::text
$$;

-- The serving role may add photos, but not change copies: hence the owner's rights. Most often there
-- is nothing to change, which the first statement, planned once a session, finds out.
CREATE FUNCTION keep_photo_urls() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    IF EXISTS (
        SELECT FROM answers
        WHERE id IN (SELECT answer_id FROM changed)
            AND photo_urls::text <> (
                SELECT coalesce(json_agg(url ORDER BY answers_photos.id), '[]')::text
                FROM answers_photos
                WHERE answer_id = answers.id)) THEN
        PERFORM refresh_photo_urls(ARRAY(SELECT answer_id FROM changed));
    END IF;
    IF TG_OP = 'UPDATE' THEN
        PERFORM refresh_photo_urls(ARRAY(SELECT answer_id FROM before));
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION refresh_photo_urls, keep_photo_urls FROM PUBLIC;

CREATE TRIGGER photos_added AFTER INSERT ON answers_photos
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_photo_urls();
CREATE TRIGGER photos_changed AFTER UPDATE ON answers_photos
    REFERENCING NEW TABLE AS changed OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION keep_photo_urls();
CREATE TRIGGER photos_removed AFTER DELETE ON answers_photos
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_photo_urls();

GRANT SELECT (photo_urls), INSERT (photo_urls) ON answers TO atelier_qa_serving;
