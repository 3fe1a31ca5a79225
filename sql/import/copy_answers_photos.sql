-- The fields that src/import/record.c encodes.
COPY atelier_qa_import.answers_photos (id, answer_id, url) FROM STDIN (FORMAT binary, FREEZE)
