-- Bounds a product page in bytes, whatever its answers hold. Counted are the bytes of the answers'
-- text and photo URLs, as stored: of one question 200 KiB, of a page 8 MiB. What follows the first
-- answer that does not fit is left out; the list of answers has it.
--
-- No page of usual answers comes near: a hundred answers of a question may have 2 KiB each.

-- Functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- A question as its product page shows it.
CREATE TYPE question_on_page AS (
    question_id bigint,
    question_body text,
    question_date text,
    asker_name text,
    question_helpfulness bigint,
    reported boolean,
    answers json
);

-- The answers of a question on its product page, and the bytes that were counted. PostgreSQL inlines
-- it.
CREATE FUNCTION answers_on_page(question_id bigint, most_answers bigint, most_bytes bigint)
    RETURNS TABLE (answers json, bytes bigint)
    LANGUAGE sql STABLE
AS $$
    SELECT coalesce(json_object_agg(answer.id, shown), '{}'), coalesce(max(total), 0)
    FROM (
        SELECT *, sum(octet_length(body) + octet_length(photo_urls::text))
            OVER (ORDER BY helpful DESC, id ROWS UNBOUNDED PRECEDING) AS total
        FROM shown_answers($1, $2)
        ORDER BY helpful DESC, id
        LIMIT $2) AS answer, LATERAL (
        SELECT id, body, iso_8601(created_at) AS date, answerer_name,
            helpful AS helpfulness, photo_urls AS photos) AS shown
    WHERE total <= $3
$$;

-- What 0007 describes. Forty questions cannot take more than a page may; of more the answers are
-- made question by question, until the page is full.
CREATE OR REPLACE FUNCTION questions_page(product_id integer, count bigint, skipped bigint,
                                          most_answers bigint) RETURNS json
    LANGUAGE plpgsql
AS $$
DECLARE
    most_bytes CONSTANT bigint := 200 * 1024; -- of a question
    room bigint := 8 * 1024 * 1024;
    used bigint;
    is_short boolean := $2 <= 40;
    next_question question_on_page;
    questions question_on_page[] := '{}';
BEGIN
    IF NOT is_short THEN
        is_short := NOT EXISTS (SELECT FROM questions WHERE questions.product_id = $1 OFFSET 40);
    END IF;
    IF is_short THEN
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
    END IF;

    FOR next_question IN
        SELECT id, body, iso_8601(created_at), asker_name, helpful, false, '{}'
        FROM shown_questions($1, $2 + $3)
        ORDER BY helpful DESC, id
        LIMIT $2 OFFSET $3
    LOOP
        IF room > 0 THEN
            SELECT * INTO next_question.answers, used
            FROM answers_on_page(next_question.question_id, $4, least(room, most_bytes));
            room := room - used;
        END IF;
        questions := questions || next_question;
    END LOOP;
    RETURN json_build_object(
        'product_id', $1::text,
        'results', (SELECT coalesce(json_agg(shown), '[]') FROM unnest(questions) AS shown));
END
$$;

-- Pages that may hold more than they should are made anew.
DELETE FROM product_pages WHERE octet_length(page::text) > 200 * 1024;
