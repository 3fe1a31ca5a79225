-- $1 kind, $2 id, $3 the entry of the log that is to be undone, NULL for the last; $4 who decides, $5 why.
SELECT entry, product, question, refusal, describe_item($1::item_kind, $2::bigint) AS item
FROM undo_moderation($1::item_kind, $2::bigint, $3::bigint, $4::text, $5::text)
