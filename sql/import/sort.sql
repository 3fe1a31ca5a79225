CALL atelier_qa_import.sort($1::text, $2::text)
