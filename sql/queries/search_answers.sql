-- One page of those answers of a question that are found (sql/migrations/0022_search.sql), as sort_answers.sql
-- has them otherwise. The answer after the page says whether the list goes on.
-- $1 question, $2 page and $3 count for the envelope, $4 offset, $5 the order, as include/pages/page_key.h
-- numbers them, $6 what to search for, $7 1: tell where it is found.
SELECT CASE $7::integer WHEN 1 THEN answers_with_matches(page, $6::text) ELSE page END, has_more
FROM (
    SELECT page_of_answers($1::bigint, $2::bigint, $3::bigint, ids[:$3::bigint]) AS page,
        cardinality(ids) > $3::bigint AS has_more
    FROM (
        SELECT answers_found($1::bigint, $6::text, (ARRAY['helpful', 'newest', 'oldest'])[$5::integer + 1],
            $3::bigint + 1, $4::bigint) AS ids
        OFFSET 0) AS chosen
    OFFSET 0) AS made
