-- Loads what `atelier-qa generate` wrote into the empty tables of the private cluster; run by psql
-- in the folder of the files. All or nothing: a load that was cut short leaves the tables empty.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL ROLE atelier_qa_owner;
LOCK TABLE questions, answers, answers_photos IN SHARE ROW EXCLUSIVE MODE;
DO $$
BEGIN
    IF EXISTS (SELECT FROM questions) OR EXISTS (SELECT FROM answers)
        OR EXISTS (SELECT FROM answers_photos)
    THEN
        RAISE EXCEPTION 'the tables hold data already';
    END IF;
END
$$;

-- The files' columns: dates are milliseconds since 1970.
CREATE TEMPORARY TABLE question_lines (
    id bigint, product_id integer, body text, date_written bigint, asker_name text,
    asker_email text, reported boolean, helpful bigint
) ON COMMIT DROP;
CREATE TEMPORARY TABLE answer_lines (
    id bigint, question_id bigint, body text, date_written bigint, answerer_name text,
    answerer_email text, reported boolean, helpful bigint
) ON COMMIT DROP;
\copy question_lines FROM 'questions.csv' (FORMAT csv, HEADER)
\copy answer_lines FROM 'answers.csv' (FORMAT csv, HEADER)

INSERT INTO questions
    (id, product_id, helpful, created_at, reported, body, asker_name, asker_email)
SELECT id, product_id, helpful, to_timestamp(date_written / 1000.0), reported, body, asker_name,
    asker_email
FROM question_lines;
INSERT INTO answers
    (id, question_id, helpful, created_at, reported, body, answerer_name, answerer_email)
SELECT id, question_id, helpful, to_timestamp(date_written / 1000.0), reported, body,
    answerer_name, answerer_email
FROM answer_lines;
\copy answers_photos (id, answer_id, url) FROM 'answers_photos.csv' (FORMAT csv, HEADER)

-- New rows take the ids after the loaded ones.
SELECT setval(pg_get_serial_sequence('questions', 'id'), max(id)) FROM questions HAVING max(id) > 0;
SELECT setval(pg_get_serial_sequence('answers', 'id'), max(id)) FROM answers HAVING max(id) > 0;
SELECT setval(pg_get_serial_sequence('answers_photos', 'id'), max(id)) FROM answers_photos
HAVING max(id) > 0;
ANALYZE questions, answers, answers_photos;
COMMIT;
