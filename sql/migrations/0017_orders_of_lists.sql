-- Lists in other orders than by helpfulness, and questions by whether they have an answer.
--
-- newest: created_at falling, then id falling; oldest: the other way round. A page of a large group
-- costs the same whatever the order: its ranked rows (0009) are in an index by date, too. That index is
-- small, as most groups have no ranked row.
--
-- Makes two indexes, and locks both tables against writes meanwhile: a scan of each.

-- Functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

CREATE INDEX questions_date ON questions (product_id, created_at, id) WHERE rank IS NOT NULL;
CREATE INDEX answers_date ON answers (question_id, created_at, id) WHERE rank IS NOT NULL;

-- Whether a question has an answer that is shown. PostgreSQL inlines it.
CREATE FUNCTION is_answered(question_id bigint) RETURNS boolean
    LANGUAGE sql STABLE
AS $$
    SELECT EXISTS (SELECT FROM answers WHERE answers.question_id = $1 AND NOT reported)
$$;

-- The ids of a product's questions that are shown, of one page: in the order that a list is asked for by
-- `sort`, only those that have an answer, or have none, where `answered` is not null. Each order reads the
-- ranked rows by an index of its own; the others are not run.
CREATE FUNCTION questions_in_order(product_id integer, sort text, answered boolean, count bigint,
                                   skipped bigint) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT id FROM (
            SELECT id, helpful, created_at FROM questions
            WHERE questions.product_id = $1 AND NOT ranked AND NOT reported
                AND ($3 IS NULL OR is_answered(id) = $3)
            UNION ALL (
            SELECT id, rank, created_at FROM questions
            WHERE $2 = 'helpful' AND questions.product_id = $1 AND rank IS NOT NULL
                AND ($3 IS NULL OR is_answered(id) = $3)
            ORDER BY rank DESC, id
            LIMIT $4 + $5)
            UNION ALL (
            SELECT id, rank, created_at FROM questions
            WHERE $2 = 'newest' AND questions.product_id = $1 AND rank IS NOT NULL
                AND ($3 IS NULL OR is_answered(id) = $3)
            ORDER BY created_at DESC, id DESC
            LIMIT $4 + $5)
            UNION ALL (
            SELECT id, rank, created_at FROM questions
            WHERE $2 = 'oldest' AND questions.product_id = $1 AND rank IS NOT NULL
                AND ($3 IS NULL OR is_answered(id) = $3)
            ORDER BY created_at, id
            LIMIT $4 + $5)) AS shown
        ORDER BY CASE $2 WHEN 'helpful' THEN helpful END DESC,
            CASE $2 WHEN 'newest' THEN created_at END DESC, CASE $2 WHEN 'newest' THEN id END DESC,
            CASE $2 WHEN 'oldest' THEN created_at END, id
        LIMIT $4 OFFSET $5);
END
$$;

-- Likewise of a question's answers, whose order by helpfulness has its own statement.
CREATE FUNCTION answers_in_order(question_id bigint, sort text, count bigint, skipped bigint)
    RETURNS bigint[]
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT id FROM (
            SELECT id, created_at FROM answers
            WHERE answers.question_id = $1 AND NOT ranked AND NOT reported
            UNION ALL (
            SELECT id, created_at FROM answers
            WHERE $2 = 'newest' AND answers.question_id = $1 AND rank IS NOT NULL
            ORDER BY created_at DESC, id DESC
            LIMIT $3 + $4)
            UNION ALL (
            SELECT id, created_at FROM answers
            WHERE $2 = 'oldest' AND answers.question_id = $1 AND rank IS NOT NULL
            ORDER BY created_at, id
            LIMIT $3 + $4)) AS shown
        ORDER BY CASE $2 WHEN 'newest' THEN created_at END DESC, CASE $2 WHEN 'newest' THEN id END DESC,
            CASE $2 WHEN 'oldest' THEN created_at END, id
        LIMIT $3 OFFSET $4);
END
$$;

-- A page of the given questions of a product, in the given order, as questions_page() (0014) makes one of
-- many questions: their answers are made question by question, until the page is full.
CREATE FUNCTION page_of_questions(product_id integer, chosen bigint[], most_answers bigint) RETURNS json
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    most_bytes CONSTANT bigint := 200 * 1024; -- of a question
    room bigint := 8 * 1024 * 1024;
    used bigint;
    next_question question_on_page;
    questions question_on_page[] := '{}';
BEGIN
    FOR next_question IN
        SELECT id, body, iso_8601(created_at), asker_name, helpful, false, '{}'
        FROM unnest(chosen) WITH ORDINALITY AS of_page (id, position)
        JOIN questions AS question USING (id)
        ORDER BY position
    LOOP
        IF room > 0 THEN
            SELECT * INTO next_question.answers, used
            FROM answers_on_page(next_question.question_id, most_answers, least(room, most_bytes));
            room := room - used;
        END IF;
        questions := questions || next_question;
    END LOOP;
    RETURN json_build_object(
        'product_id', product_id::text,
        'results', (SELECT coalesce(json_agg(shown), '[]') FROM unnest(questions) AS shown));
END
$$;

-- As in 0014, with that.
CREATE OR REPLACE FUNCTION questions_page(product_id integer, count bigint, skipped bigint,
                                          most_answers bigint) RETURNS json
    LANGUAGE plpgsql
AS $$
DECLARE
    most_bytes CONSTANT bigint := 200 * 1024; -- of a question
BEGIN
    -- Forty questions cannot take more than a page may.
    IF $2 > 40 AND EXISTS (SELECT FROM questions WHERE questions.product_id = $1 OFFSET 40) THEN
        RETURN page_of_questions($1, ARRAY(
            SELECT id FROM shown_questions($1, $2 + $3)
            ORDER BY helpful DESC, id
            LIMIT $2 OFFSET $3), $4);
    END IF;
    RETURN (
        SELECT json_build_object(
            'product_id', $1::text,
            'results', coalesce(json_agg(shown), '[]'))
        FROM (
            SELECT id AS question_id, body AS question_body,
                iso_8601(created_at) AS question_date, asker_name,
                helpful AS question_helpfulness, false AS reported, answers
            FROM (
                SELECT * FROM shown_questions($1, $2 + $3)
                ORDER BY helpful DESC, id
                LIMIT $2 OFFSET $3) AS question,
                answers_on_page(question.id, $4, most_bytes)) AS shown);
END
$$;
