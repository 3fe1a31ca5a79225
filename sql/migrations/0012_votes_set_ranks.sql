-- The service's votes and reports set rank themselves, so that the triggers of 0009 find nothing to put
-- right. A second update of a row in one transaction makes PostgreSQL check its foreign key again, which
-- locks the question of each answer, in no order: two batches of votes deadlocked.
GRANT UPDATE (rank) ON questions, answers TO atelier_qa_serving;
