-- The products that are held, by their numbers, and who has decided so. $1 count, $2 offset.
SELECT json_build_object(
    'products', (
        SELECT coalesce(json_agg(product), '[]')
        FROM (SELECT 'products/' || held.product_id AS item, held.product_id, iso_8601(decided_at) AS date,
                  actor::text, note::text
              FROM held_products AS held LEFT JOIN moderation_log ON id = entry
              ORDER BY held.product_id
              LIMIT $1::bigint OFFSET $2::bigint) AS product),
    'total', (SELECT count(*) FROM held_products))
