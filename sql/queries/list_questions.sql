-- One page of a product's questions, each with its answers and their photos: the ready-made one
-- (sql/migrations/0007_product_pages.sql) if it is the one wanted and nothing has changed since. And whether
-- the list goes on after it.
-- $1 product, $2 count, $3 offset, $4 most answers for each question.
SELECT coalesce(page, questions_page($1::integer, $2::bigint, $3::bigint, $4::bigint)),
    CASE WHEN has_more IS NOT NULL THEN has_more ELSE EXISTS (
        SELECT FROM questions
        WHERE product_id = $1::integer AND NOT reported
        OFFSET $2::bigint + $3::bigint) END AS has_more
FROM (SELECT) AS one LEFT JOIN product_pages AS ready
    ON product_id = $1::integer AND most_answers = $4::bigint
        AND $2::bigint = 5 AND $3::bigint = 0
        AND NOT EXISTS (SELECT FROM changed_products WHERE product_id = $1::integer)
