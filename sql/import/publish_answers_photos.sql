-- Publishes the staged photos of the pages from $1 up to but not $2. The rows that the database has
-- stay as they are.
INSERT INTO answers_photos (id, answer_id, url)
SELECT id, answer_id, url
FROM atelier_qa_import.answers_photos
WHERE ctid >= $1::tid AND ctid < $2::tid
ON CONFLICT DO NOTHING
