-- $1 approve, hide, restore or erase; $2 kind, $3 id, $4 who decides, $5 why, NULL where that is not told.
SELECT entry, product, question, refusal, describe_item($2::item_kind, $3::bigint) AS item
FROM moderate($1::moderation_action, $2::item_kind, $3::bigint, $4::text, $5::text)
