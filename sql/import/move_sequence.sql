SELECT atelier_qa_import.move_sequence($1::text, $2::bigint)
