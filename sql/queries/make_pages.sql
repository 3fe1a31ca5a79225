-- Makes product pages ready (sql/migrations/0013_many_marks.sql); 256 MiB are some five million
-- marks. And what the maker also does now and then: changes that nobody asks for are not written any more
-- (sql/migrations/0019_changes.sql).
-- $1 the product after which to look for changed ones, $2 for missing ones, $3 most products, $4
-- most answers for each question.
SELECT made, changed_to, missing_to
FROM end_unwanted_changes(),
    make_pages($1::integer, $2::integer, $3::integer, $4::bigint, 256 * 1024 * 1024)
