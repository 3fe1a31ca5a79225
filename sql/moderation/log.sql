-- What was decided, newest first. $1 count, $2 offset.
SELECT json_build_object('entries', coalesce(json_agg(entry), '[]'))
FROM (SELECT id, iso_8601(decided_at) AS date, actor::text, role, action,
          CASE WHEN product_id IS NOT NULL THEN 'products/' || product_id
               WHEN kind = 'question' THEN 'questions/' || item_id
               WHEN kind = 'answer' THEN 'answers/' || item_id END AS item,
          before, after, note::text
      FROM moderation_log
      ORDER BY id DESC
      LIMIT $1::bigint OFFSET $2::bigint) AS entry
