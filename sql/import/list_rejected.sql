-- What the database rejected, in the order in which the files are read again.
COPY (
    SELECT table_name, ordinal, reason
    FROM atelier_qa_import.rejected
    ORDER BY array_position(ARRAY['questions', 'answers', 'answers_photos'], table_name), ordinal
) TO STDOUT
