CALL atelier_qa_import.create_table($1::text, $2::boolean)
