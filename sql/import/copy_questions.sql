-- The fields that src/import/record.c encodes.
COPY atelier_qa_import.questions
    (id, product_id, body, created_at, asker_name, asker_email, reported, helpful)
    FROM STDIN (FORMAT binary, FREEZE)
