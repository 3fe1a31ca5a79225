-- A question with its answers as a web page (sql/migrations/0023_documents.sql). No row when there is none, or it
-- is reported.
-- $1 question, $2 most answers.
SELECT document FROM question_document($1::bigint, $2::bigint) AS document WHERE document IS NOT NULL
