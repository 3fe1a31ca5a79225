CALL atelier_qa_import.make($1::text, $2::integer)
