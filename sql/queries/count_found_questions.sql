-- How many questions of a product are found.
-- $1 product, $2 which questions, as include/pages/page_key.h numbers them, $3 what to search for.
SELECT count_found($1::integer, $3::text, (ARRAY[NULL, true, false])[$2::integer + 1])
