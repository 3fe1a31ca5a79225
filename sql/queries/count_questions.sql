-- How many questions the list of a product has.
-- $1 product, $2 which questions, as include/pages/page_key.h numbers them.
SELECT count(*)
FROM (SELECT id FROM questions WHERE product_id = $1::integer AND NOT reported) AS question
WHERE $2::integer = 0 OR is_answered(id) = ($2::integer = 1)
