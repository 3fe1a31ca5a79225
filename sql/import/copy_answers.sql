-- The fields that src/import/record.c encodes.
COPY atelier_qa_import.answers
    (id, question_id, body, created_at, answerer_name, answerer_email, reported, helpful,
     photo_urls)
    FROM STDIN (FORMAT binary, FREEZE)
