-- Tells staged answers that their question is ranked (sql/migrations/0022_search.sql).
UPDATE atelier_qa_import.answers SET large_product = product_id
FROM atelier_qa_import.questions
WHERE questions.id = question_id AND questions.ranked
