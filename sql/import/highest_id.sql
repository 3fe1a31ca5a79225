SELECT atelier_qa_import.highest_id($1::text)
