-- Publishes the staged answers of the pages from $1 up to but not $2. The rows that the database
-- has stay as they are.
INSERT INTO answers
    (id, question_id, helpful, created_at, reported, body, answerer_name, answerer_email)
SELECT id, question_id, helpful, created_at, reported, body, answerer_name, answerer_email
FROM atelier_qa_import.answers
WHERE ctid >= $1::tid AND ctid < $2::tid
ON CONFLICT DO NOTHING
