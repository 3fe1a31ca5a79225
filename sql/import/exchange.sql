CALL atelier_qa_import.exchange()
