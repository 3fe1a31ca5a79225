-- Rows of a data set may lack an e-mail address; one that is there still has to be valid. The service
-- asks for an address with each question and answer that is posted (src/qa/body.c).
--
-- Locks each table against everything, for a moment only: no row is read or written.
ALTER TABLE questions ALTER COLUMN asker_email DROP NOT NULL;
ALTER TABLE answers ALTER COLUMN answerer_email DROP NOT NULL;
