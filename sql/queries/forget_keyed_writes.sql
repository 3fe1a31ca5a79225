-- Removes records of keyed writes that are a day old.
-- $1 how many at most. Returns how many they were, and in how many seconds the next one is old, if there is one.
SELECT forgotten, next_s FROM forget_keyed_writes($1::bigint)
