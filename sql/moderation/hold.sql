-- $1 hold or release; $2 product, $3 who decides, $4 why, NULL where that is not told.
SELECT json_build_object(
    'entry', entry,
    'item', json_build_object('item', 'products/' || $2::integer, 'product_id', $2::integer, 'held', $1 = 'hold'))
FROM hold_product($1::moderation_action, $2::integer, $3::text, $4::text) AS entry
