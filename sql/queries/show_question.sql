-- One question with its answers, as the list of its product shows it (questions_page in
-- sql/migrations/0014_pages_in_bytes.sql), and the product. No row when there is none, or it is reported.
-- $1 question, $2 most answers.
SELECT row_to_json(shown)
FROM (
    SELECT product_id::text, id AS question_id, body AS question_body,
        iso_8601(created_at) AS question_date, asker_name, helpful AS question_helpfulness,
        reported, answers
    FROM questions AS question, answers_on_page(question.id, $2::bigint, 200 * 1024)
    WHERE id = $1::bigint AND NOT reported) AS shown
