CALL atelier_qa_import.rank_rows($1::text, $2::text)
