-- One page of a product's questions, each with its answers and their photos: the ready-made one
-- (sql/migrations/0007_product_pages.sql) if it is the one wanted and nothing has changed since.
-- $1 product, $2 count, $3 offset, $4 most answers for each question.
SELECT coalesce((
        SELECT page FROM product_pages AS made
        WHERE product_id = $1::integer AND most_answers = $4::bigint
            AND $2::bigint = 5 AND $3::bigint = 0
            AND NOT EXISTS (SELECT FROM changed_products WHERE product_id = made.product_id)),
    questions_page($1::integer, $2::bigint, $3::bigint, $4::bigint))
