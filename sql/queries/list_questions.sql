-- One page of a product's questions, each with its answers and their photos: the ready-made one
-- (sql/migrations/0007_product_pages.sql) if it is the one wanted and nothing has changed since. And whether
-- the list goes on after it.
-- $1 product, $2 count, $3 offset, $4 most answers for each question.
SELECT coalesce(page, questions_page($1::integer, $2::bigint, $3::bigint, $4::bigint)),
    coalesce(has_more, has_questions_after($1::integer, $2::bigint + $3::bigint)) AS has_more
FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT page, has_more FROM product_pages AS ready
    WHERE product_id = $1::integer AND most_answers = $4::bigint
        AND $2::bigint = 5 AND $3::bigint = 0
        AND NOT EXISTS (SELECT FROM changed_products WHERE product_id = ready.product_id)
    LIMIT 1) AS made ON true
