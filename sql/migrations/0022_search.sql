-- Search in the questions and answers of a product, and in the answers of a question: a text is found when it
-- has all words, whatever their case, also as parts of longer words. A question is found when its own text is,
-- or that of an answer which is shown.
--
--   - The texts of most products are looked through one after the other: that takes some microseconds each.
--   - Those of a large group are too many. If few of them are found, an index says which: by the trigrams of
--     the longest word, of ranked questions (0009) and of the answers to them. Else the list is looked through
--     in its order, until the page is full.
--
-- The indexes need the extension pg_trgm, which comes with PostgreSQL. Where it is missing, all is looked
-- through. They hold ranked questions and answers to them, of which most shops have few; votes change
-- neither. Locks both tables against writes while they are made.

-- Functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- The product of an answer whose question is ranked; NULL: it is not.
ALTER TABLE answers ADD COLUMN large_product integer;
GRANT SELECT (large_product) ON answers TO atelier_qa_serving;

-- What is shown does not change, so no page is marked.
ALTER TABLE answers DISABLE TRIGGER USER;
UPDATE answers SET large_product = product_id
FROM questions
WHERE questions.id = question_id AND questions.ranked;
ALTER TABLE answers ENABLE TRIGGER USER;

-- As in 0009, with that.
CREATE OR REPLACE FUNCTION rank_answer() RETURNS trigger
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
    NEW.large_product := (SELECT product_id FROM questions WHERE id = NEW.question_id AND ranked);
    RETURN NEW;
END
$$;

-- A question changes its product: its answers, which lock_moved_question() (0007) has locked, follow.
CREATE FUNCTION keep_large_product() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
BEGIN
    UPDATE answers SET large_product = CASE WHEN NEW.ranked THEN NEW.product_id END
    WHERE question_id = NEW.id
        AND large_product IS DISTINCT FROM CASE WHEN NEW.ranked THEN NEW.product_id END;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION keep_large_product FROM PUBLIC;
CREATE TRIGGER questions_large_product_kept AFTER UPDATE OF product_id ON questions
    FOR EACH ROW EXECUTE FUNCTION keep_large_product();

DO $$
DECLARE
    operators text; -- of the index
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION
        WHEN undefined_file OR feature_not_supported OR insufficient_privilege
            OR invalid_schema_name THEN NULL;
    END;
    SELECT format('%I.gin_trgm_ops', nspname) INTO operators
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_trgm';
    IF FOUND THEN
        EXECUTE format('CREATE INDEX questions_words ON questions USING gin (body %s)
                        WHERE rank IS NOT NULL', operators);
        EXECUTE format('CREATE INDEX answers_words ON answers USING gin (body %s)
                        WHERE large_product IS NOT NULL', operators);
    END IF;
END
$$;

-- For each word a regular expression that matches it and nothing else, the longest first.
CREATE FUNCTION patterns_of(search text) RETURNS text[]
    LANGUAGE sql IMMUTABLE
AS $$
    SELECT array_agg(regexp_replace(word, '([\\^$.|?*+()[\]{}])', '\\\1', 'g') ORDER BY char_length(word) DESC, word)
    FROM (SELECT DISTINCT word
          FROM regexp_split_to_table($1, '[' || white_space() || ']+') AS word
          WHERE word <> '') AS words
$$;

-- One row when a question is found, else none. PostgreSQL inlines it, other than a function that returns a value.
CREATE FUNCTION if_found(question_id bigint, body text, patterns text[]) RETURNS SETOF boolean
    LANGUAGE sql STABLE
AS $$
    SELECT true
    WHERE $2 ~* ALL ($3)
        OR EXISTS (SELECT FROM answers
                   WHERE answers.question_id = $1 AND NOT reported AND answers.body ~* ALL ($3))
$$;

-- The ranked questions of a product that are found, by the indexes; NULL when they are more than `most`, or when
-- the longest word is too short to have a trigram. The settings are for plans that fit these words.
CREATE FUNCTION found_by_index(product_id integer, patterns text[], most bigint) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_custom_plan SET enable_bitmapscan = on
AS $$
DECLARE
    longest CONSTANT text := patterns[1];
    numbers bigint[];
BEGIN
    IF longest !~ '[[:alnum:]]{3}' THEN
        RETURN NULL;
    END IF;
    numbers := ARRAY(
        SELECT id FROM questions
        WHERE questions.product_id = $1 AND rank IS NOT NULL AND body ~* longest AND body ~* ALL ($2)
        LIMIT $3 + 1);
    IF cardinality(numbers) <= $3 THEN
        numbers := numbers || ARRAY(
            SELECT question_id FROM answers
            WHERE large_product = $1 AND NOT reported AND body ~* longest AND body ~* ALL ($2)
            LIMIT $3 + 1);
    END IF;
    RETURN CASE WHEN cardinality(numbers) <= $3 THEN ARRAY(SELECT DISTINCT unnest(numbers)) END;
END
$$;

-- The ranked questions of a product with these ids, each by its own look-up.
CREATE FUNCTION ranked_questions(product_id integer, ids bigint[])
    RETURNS TABLE (id bigint, rank bigint, created_at timestamptz)
    LANGUAGE sql STABLE
AS $$
    SELECT id, rank, created_at
    FROM unnest($2) AS number, LATERAL (
        SELECT id, questions.product_id, rank, created_at FROM questions
        WHERE id = number
        OFFSET 0) AS question
    WHERE question.product_id = $1 AND rank IS NOT NULL
$$;

-- As questions_in_order() (0017), of those that are found. When more are found than some times what is wanted,
-- they come soon in any order.
CREATE FUNCTION questions_found(product_id integer, search text, sort text, answered boolean, count bigint,
                                skipped bigint) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    patterns CONSTANT text[] := patterns_of(search);
    is_large CONSTANT boolean := EXISTS (
        SELECT FROM questions WHERE questions.product_id = $1 AND ranked);
    few CONSTANT bigint[] := CASE WHEN is_large THEN
        found_by_index($1, patterns, 2000 + 4 * least($5 + $6, 1000000)) END;
    is_scanned CONSTANT boolean := is_large AND few IS NULL;
BEGIN
    RETURN ARRAY(
        SELECT id FROM (
            SELECT id, helpful, created_at FROM questions, if_found(id, body, patterns)
            WHERE questions.product_id = $1 AND NOT ranked AND NOT reported
                AND ($4 IS NULL OR is_answered(id) = $4)
            UNION ALL
            SELECT id, rank, created_at FROM ranked_questions($1, few)
            WHERE $4 IS NULL OR is_answered(id) = $4
            UNION ALL (
            SELECT id, rank, created_at FROM questions, if_found(id, body, patterns)
            WHERE is_scanned AND $3 = 'helpful' AND questions.product_id = $1 AND rank IS NOT NULL
                AND ($4 IS NULL OR is_answered(id) = $4)
            ORDER BY rank DESC, id
            LIMIT $5 + $6)
            UNION ALL (
            SELECT id, rank, created_at FROM questions, if_found(id, body, patterns)
            WHERE is_scanned AND $3 = 'newest' AND questions.product_id = $1 AND rank IS NOT NULL
                AND ($4 IS NULL OR is_answered(id) = $4)
            ORDER BY created_at DESC, id DESC
            LIMIT $5 + $6)
            UNION ALL (
            SELECT id, rank, created_at FROM questions, if_found(id, body, patterns)
            WHERE is_scanned AND $3 = 'oldest' AND questions.product_id = $1 AND rank IS NOT NULL
                AND ($4 IS NULL OR is_answered(id) = $4)
            ORDER BY created_at, id
            LIMIT $5 + $6)) AS shown
        ORDER BY CASE $3 WHEN 'helpful' THEN helpful END DESC,
            CASE $3 WHEN 'newest' THEN created_at END DESC, CASE $3 WHEN 'newest' THEN id END DESC,
            CASE $3 WHEN 'oldest' THEN created_at END, id
        LIMIT $5 OFFSET $6);
END
$$;

-- Likewise of a question's answers.
CREATE FUNCTION answers_found(question_id bigint, search text, sort text, count bigint, skipped bigint)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    patterns CONSTANT text[] := patterns_of(search);
BEGIN
    RETURN ARRAY(
        SELECT id FROM (
            SELECT id, helpful, created_at FROM answers
            WHERE answers.question_id = $1 AND NOT ranked AND NOT reported AND body ~* ALL (patterns)
            UNION ALL (
            SELECT id, rank, created_at FROM answers
            WHERE $3 = 'helpful' AND answers.question_id = $1 AND rank IS NOT NULL AND body ~* ALL (patterns)
            ORDER BY rank DESC, id
            LIMIT $4 + $5)
            UNION ALL (
            SELECT id, rank, created_at FROM answers
            WHERE $3 = 'newest' AND answers.question_id = $1 AND rank IS NOT NULL AND body ~* ALL (patterns)
            ORDER BY created_at DESC, id DESC
            LIMIT $4 + $5)
            UNION ALL (
            SELECT id, rank, created_at FROM answers
            WHERE $3 = 'oldest' AND answers.question_id = $1 AND rank IS NOT NULL AND body ~* ALL (patterns)
            ORDER BY created_at, id
            LIMIT $4 + $5)) AS shown
        ORDER BY CASE $3 WHEN 'helpful' THEN helpful END DESC,
            CASE $3 WHEN 'newest' THEN created_at END DESC, CASE $3 WHEN 'newest' THEN id END DESC,
            CASE $3 WHEN 'oldest' THEN created_at END, id
        LIMIT $4 OFFSET $5);
END
$$;

-- How many questions of a product are found.
CREATE FUNCTION count_found(product_id integer, search text, answered boolean) RETURNS bigint
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    patterns CONSTANT text[] := patterns_of(search);
    is_large CONSTANT boolean := EXISTS (
        SELECT FROM questions WHERE questions.product_id = $1 AND ranked);
    few CONSTANT bigint[] := CASE WHEN is_large THEN found_by_index($1, patterns, 1000000000) END;
BEGIN
    RETURN (SELECT count(*) FROM questions, if_found(id, body, patterns)
            WHERE questions.product_id = $1 AND NOT ranked AND NOT reported
                AND ($3 IS NULL OR is_answered(id) = $3))
        + (SELECT count(*) FROM ranked_questions($1, few)
           WHERE $3 IS NULL OR is_answered(id) = $3)
        + (SELECT count(*) FROM questions, if_found(id, body, patterns)
           WHERE is_large AND few IS NULL AND questions.product_id = $1 AND rank IS NOT NULL
               AND ($3 IS NULL OR is_answered(id) = $3));
END
$$;

-- Where the words are in a text: an array of ranges, each the place of its first character, from 0, and that
-- after its last one. NULL: nowhere.
CREATE FUNCTION ranges_of(body text, patterns text[]) RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT json_agg(json_build_array(after - char_length(match[1]), after) ORDER BY place)
    FROM (
        SELECT place, match,
            sum(char_length(before) + char_length(match[1])) OVER (ORDER BY place) AS after
        FROM regexp_split_to_table($1, array_to_string($2, '|'), 'i') WITH ORDINALITY AS piece (before, place)
        JOIN regexp_matches($1, '(' || array_to_string($2, '|') || ')', 'gi') WITH ORDINALITY AS found (match, place)
            USING (place)) AS part
$$;

-- A page with where the words are in its texts: of questions and answers, by their ids.
CREATE FUNCTION with_matches(page json, search text) RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT json_build_object(
        'product_id', $1->'product_id',
        'results', $1->'results',
        'matches', json_build_object(
            'questions', (
                SELECT coalesce(json_object_agg(question->>'question_id', ranges), '{}')
                FROM json_array_elements($1->'results') AS question,
                    ranges_of(question->>'question_body', patterns_of($2)) AS ranges
                WHERE ranges IS NOT NULL),
            'answers', (
                SELECT coalesce(json_object_agg(id, ranges), '{}')
                FROM json_array_elements($1->'results') AS question, json_each(question->'answers') AS answer (id, shown),
                    ranges_of(shown->>'body', patterns_of($2)) AS ranges
                WHERE ranges IS NOT NULL)))
$$;

CREATE FUNCTION answers_with_matches(page json, search text) RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT json_build_object(
        'question', $1->'question',
        'page', $1->'page',
        'count', $1->'count',
        'results', $1->'results',
        'matches', json_build_object(
            'answers', (
                SELECT coalesce(json_object_agg(answer->>'answer_id', ranges), '{}')
                FROM json_array_elements($1->'results') AS answer,
                    ranges_of(answer->>'body', patterns_of($2)) AS ranges
                WHERE ranges IS NOT NULL)))
$$;
