-- The service numbers new rows itself, so that a batch's rows can be told apart.
GRANT USAGE ON SEQUENCE questions_id_seq, answers_id_seq TO atelier_qa_serving;
GRANT INSERT (id) ON questions, answers TO atelier_qa_serving;
