-- How many staged rows of a table have ids that the published one has.
SELECT CASE $1::text
    WHEN 'questions' THEN
        (SELECT count(*) FROM atelier_qa_import.questions JOIN questions USING (id))
    WHEN 'answers' THEN
        (SELECT count(*) FROM atelier_qa_import.answers JOIN answers USING (id))
    ELSE
        (SELECT count(*) FROM atelier_qa_import.answers_photos JOIN answers_photos USING (id))
    END
