SELECT atelier_qa_import.lock_tables()
