-- One page of those questions of a product that are found (sql/migrations/0022_search.sql), as sort_questions.sql
-- has them otherwise. The question after the page says whether the list goes on.
-- $1 product, $2 count, $3 offset, $4 most answers for each question, $5 the order and $6 which questions, as
-- include/pages/page_key.h numbers them, $7 what to search for, $8 1: tell where it is found.
SELECT CASE $8::integer WHEN 1 THEN with_matches(page, $7::text) ELSE page END, has_more
FROM (
    SELECT page_of_questions($1::integer, ids[:$2::bigint], $4::bigint) AS page,
        cardinality(ids) > $2::bigint AS has_more
    FROM (
        SELECT questions_found($1::integer, $7::text,
            (ARRAY['helpful', 'newest', 'oldest'])[$5::integer + 1],
            (ARRAY[NULL, true, false])[$6::integer + 1], $2::bigint + 1, $3::bigint) AS ids
        OFFSET 0) AS chosen
    OFFSET 0) AS made
