-- Keeps large groups in order (the questions of a product, the answers of a question), so that a page
-- of one costs the same whatever its size.
--
--   - The first rows of a group, some 200, are not ranked: a page reads and sorts all of them.
--   - Every further row is ranked: an index holds it in the order of the lists, and a page reads only
--     what it shows or skips.
--
-- An index on helpful itself would keep every vote from changing its row in place (0001). So the index
-- is on rank, a copy of helpful that only ranked rows have: a vote for any other row changes no index.
-- Triggers keep the copies right, whoever changes a row. A ranked row that is reported has no rank: no
-- page shows it.
--
-- Makes indexes, and locks both tables against everything meanwhile: docs/operations.md tells for how
-- long.

-- The functions run with the search path of this session, and look for temporary tables last:
-- nobody can put one of his own into their way.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- So many rows of a group are not ranked; a few more, where some were added at the same time.
CREATE FUNCTION unranked_rows() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 200;

ALTER TABLE questions ADD COLUMN ranked boolean NOT NULL DEFAULT false, ADD COLUMN rank bigint;
ALTER TABLE answers ADD COLUMN ranked boolean NOT NULL DEFAULT false, ADD COLUMN rank bigint;

-- What is shown does not change, so no page is marked.
ALTER TABLE questions DISABLE TRIGGER USER;
ALTER TABLE answers DISABLE TRIGGER USER;
UPDATE questions SET ranked = true, rank = CASE WHEN NOT reported THEN helpful END
FROM (SELECT id, row_number() OVER (PARTITION BY product_id ORDER BY id) AS nth
      FROM questions
      WHERE product_id IN (SELECT product_id FROM questions
                           GROUP BY product_id
                           HAVING count(*) > unranked_rows())) AS member
WHERE questions.id = member.id AND nth > unranked_rows();
UPDATE answers SET ranked = true, rank = CASE WHEN NOT reported THEN helpful END
FROM (SELECT id, row_number() OVER (PARTITION BY question_id ORDER BY id) AS nth
      FROM answers
      WHERE question_id IN (SELECT question_id FROM answers
                            GROUP BY question_id
                            HAVING count(*) > unranked_rows())) AS member
WHERE answers.id = member.id AND nth > unranked_rows();
ALTER TABLE questions ENABLE TRIGGER USER;
ALTER TABLE answers ENABLE TRIGGER USER;

DROP INDEX questions_product_id, answers_question_id;
CREATE INDEX questions_product_id ON questions (product_id, ranked);
CREATE INDEX answers_question_id ON answers (question_id, ranked);
CREATE INDEX questions_rank ON questions (product_id, rank DESC, id) WHERE rank IS NOT NULL;
CREATE INDEX answers_rank ON answers (question_id, rank DESC, id) WHERE rank IS NOT NULL;

-- The triggers see the rows that the same statement has added before: a statement that adds many to
-- one group ranks those that come after the first. They plan by index only, since a plan that is made
-- while a table is empty serves until an import has filled it.
CREATE FUNCTION rank_question() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
BEGIN
    NEW.ranked :=
        EXISTS (SELECT FROM questions WHERE product_id = NEW.product_id AND ranked)
        OR (SELECT count(*) FROM (SELECT FROM questions
                                  WHERE product_id = NEW.product_id AND NOT ranked
                                  LIMIT unranked_rows()) AS unranked) = unranked_rows();
    NEW.rank := CASE WHEN NEW.ranked AND NOT NEW.reported THEN NEW.helpful END;
    RETURN NEW;
END
$$;

CREATE FUNCTION rank_answer() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
    SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
BEGIN
    NEW.ranked :=
        EXISTS (SELECT FROM answers WHERE question_id = NEW.question_id AND ranked)
        OR (SELECT count(*) FROM (SELECT FROM answers
                                  WHERE question_id = NEW.question_id AND NOT ranked
                                  LIMIT unranked_rows()) AS unranked) = unranked_rows();
    NEW.rank := CASE WHEN NEW.ranked AND NOT NEW.reported THEN NEW.helpful END;
    RETURN NEW;
END
$$;

-- For all rows of an update at once; most often none of them is ranked.
CREATE FUNCTION keep_question_ranks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    wrong CONSTANT bigint[] := ARRAY(
        SELECT id FROM changed
        WHERE rank IS DISTINCT FROM CASE WHEN ranked AND NOT reported THEN helpful END);
BEGIN
    IF cardinality(wrong) > 0 THEN
        UPDATE questions SET rank = CASE WHEN ranked AND NOT reported THEN helpful END
        WHERE id = ANY (wrong);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_answer_ranks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    wrong CONSTANT bigint[] := ARRAY(
        SELECT id FROM changed
        WHERE rank IS DISTINCT FROM CASE WHEN ranked AND NOT reported THEN helpful END);
BEGIN
    IF cardinality(wrong) > 0 THEN
        UPDATE answers SET rank = CASE WHEN ranked AND NOT reported THEN helpful END
        WHERE id = ANY (wrong);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rank_question, rank_answer, keep_question_ranks, keep_answer_ranks
    FROM PUBLIC;

CREATE TRIGGER questions_rank BEFORE INSERT OR UPDATE OF product_id ON questions
    FOR EACH ROW EXECUTE FUNCTION rank_question();
CREATE TRIGGER answers_rank BEFORE INSERT OR UPDATE OF question_id ON answers
    FOR EACH ROW EXECUTE FUNCTION rank_answer();
CREATE TRIGGER questions_rank_kept AFTER UPDATE ON questions
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_question_ranks();
CREATE TRIGGER answers_rank_kept AFTER UPDATE ON answers
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_answer_ranks();

GRANT SELECT (ranked, rank) ON questions, answers TO atelier_qa_serving;

-- The questions of a product, and the answers of a question, that are not reported: at least the
-- first `most` in the order of the lists, helpful falling, then id rising. The caller sorts and limits
-- them. PostgreSQL inlines both functions, and so merges the second part, which comes in that order.
CREATE FUNCTION shown_questions(product_id integer, most bigint)
    RETURNS TABLE (id bigint, body text, created_at timestamptz, asker_name text, helpful bigint)
    LANGUAGE sql STABLE
AS $$
    SELECT id, body, created_at, asker_name, helpful FROM questions
    WHERE product_id = $1 AND NOT ranked AND NOT reported
    UNION ALL (
    SELECT id, body, created_at, asker_name, rank FROM questions
    WHERE product_id = $1 AND rank IS NOT NULL
    ORDER BY rank DESC, id
    LIMIT $2)
$$;

CREATE FUNCTION shown_answers(question_id bigint, most bigint)
    RETURNS TABLE (id bigint, body text, created_at timestamptz, answerer_name text, helpful bigint,
                   photo_urls json)
    LANGUAGE sql STABLE
AS $$
    SELECT id, body, created_at, answerer_name, helpful, photo_urls FROM answers
    WHERE question_id = $1 AND NOT ranked AND NOT reported
    UNION ALL (
    SELECT id, body, created_at, answerer_name, rank, photo_urls FROM answers
    WHERE question_id = $1 AND rank IS NOT NULL
    ORDER BY rank DESC, id
    LIMIT $2)
$$;

-- What 0007 describes, by these functions.
CREATE OR REPLACE FUNCTION questions_page(product_id integer, count bigint, skipped bigint,
                                          most_answers bigint) RETURNS json
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (
        SELECT json_build_object(
            'product_id', $1::text,
            'results', coalesce(json_agg(shown), '[]'))
        FROM (
            SELECT id AS question_id, body AS question_body,
                iso_8601(created_at) AS question_date, asker_name,
                helpful AS question_helpfulness, false AS reported, (
                    SELECT coalesce(json_object_agg(id, shown), '{}')
                    FROM (
                        SELECT id, body, iso_8601(created_at) AS date, answerer_name,
                            helpful AS helpfulness, photo_urls AS photos
                        FROM shown_answers(question.id, $4)
                        ORDER BY helpful DESC, id
                        LIMIT $4) AS shown) AS answers
            FROM (
                SELECT * FROM shown_questions($1, $2 + $3)
                ORDER BY helpful DESC, id
                LIMIT $2 OFFSET $3) AS question) AS shown);
END
$$;
