SELECT atelier_qa_import.are_alike()
