-- How many good rows of a table the database rejected: orphans, and repeated ids.
SELECT count(*) FILTER (WHERE reason = 'orphan'), count(*) FILTER (WHERE reason = 'repeated')
FROM atelier_qa_import.rejected
WHERE table_name = $1::text
