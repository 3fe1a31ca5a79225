CALL atelier_qa_import.check_rows($1::text, $2::text, $3::text, $4::boolean)
