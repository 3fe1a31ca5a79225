-- One page of a product's questions in an order of its own, as list_questions.sql has them otherwise.
-- $1 product, $2 count, $3 offset, $4 most answers for each question, $5 the order and $6 which questions,
-- as include/pages/page_key.h numbers them.
-- The question after the page says whether the list goes on.
SELECT page_of_questions($1::integer, ids[:$2::bigint], $4::bigint),
    cardinality(ids) > $2::bigint AS has_more
FROM (
    SELECT questions_in_order($1::integer, (ARRAY['helpful', 'newest', 'oldest'])[$5::integer + 1],
        (ARRAY[NULL, true, false])[$6::integer + 1], $2::bigint + 1, $3::bigint) AS ids
    OFFSET 0) AS chosen
