-- Which votes for questions, or reports of them, need not wait for a lock: nobody else has locked the
-- question, or it does not exist.
-- $1 JSON array of ids, or of objects that have one. Returns the positions of those.
WITH item AS (
    SELECT coalesce(value->>'id', value::text)::bigint AS id, ordinality AS position
    FROM json_array_elements($1::json) WITH ORDINALITY
), target AS (
    SELECT id FROM questions
    WHERE id = ANY (ARRAY(SELECT id FROM item))
    FOR UPDATE SKIP LOCKED
)
SELECT position FROM item
WHERE id IN (SELECT id FROM target)
    OR NOT EXISTS (SELECT FROM questions WHERE questions.id = item.id)
