-- Publishes the staged questions of the pages from $1 up to but not $2. The rows that the database
-- has stay as they are.
INSERT INTO questions
    (id, product_id, helpful, created_at, reported, body, asker_name, asker_email)
SELECT id, product_id, helpful, created_at, reported, body, asker_name, asker_email
FROM atelier_qa_import.questions
WHERE ctid >= $1::tid AND ctid < $2::tid
ON CONFLICT DO NOTHING
