-- The product that make_pages() makes the page of first: the first with a mark after product $1, and
-- the first of those that it examines after product $2 that has no page with $3 answers. NULL: none.
SELECT
    (SELECT min(product_id) FROM changed_products WHERE product_id > $1::integer) AS changed,
    (SELECT min(product_id)
     FROM (SELECT DISTINCT product_id FROM questions
           WHERE product_id > $2::integer
           ORDER BY product_id
           LIMIT 20) AS examined
     WHERE NOT EXISTS (SELECT FROM product_pages AS ready
                       WHERE ready.product_id = examined.product_id
                           AND most_answers = $3::bigint)) AS missing
