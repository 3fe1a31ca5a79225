-- One question with its answers (sql/migrations/0023_documents.sql). No row when there is none, or it is reported.
-- $1 question, $2 most answers.
SELECT question FROM one_question($1::bigint, $2::bigint) AS question WHERE question IS NOT NULL
