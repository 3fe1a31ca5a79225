-- One page of a question's answers in an order of its own, as list_answers.sql has them otherwise. The answer
-- after the page says whether the list goes on.
-- $1 question, $2 page and $3 count for the envelope, $4 offset, $5 the order, as
-- include/pages/page_key.h numbers them.
SELECT page_of_answers($1::bigint, $2::bigint, $3::bigint, ids[:$3::bigint]),
    cardinality(ids) > $3::bigint AS has_more
FROM (
    SELECT answers_in_order($1::bigint, (ARRAY['helpful', 'newest', 'oldest'])[$5::integer + 1],
        $3::bigint + 1, $4::bigint) AS ids
    OFFSET 0) AS chosen
