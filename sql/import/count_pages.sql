-- How many pages staging has for a table.
SELECT pg_relation_size(format('atelier_qa_import.%I', $1::text)::regclass)
    / current_setting('block_size')::bigint
