-- What was decided, newest first. $1 count, $2 offset.
SELECT json_build_object('entries', coalesce(json_agg(entry), '[]'))
FROM (SELECT id, iso_8601(decided_at) AS date, actor::text, role, action,
          CASE kind WHEN 'question' THEN 'questions/' WHEN 'answer' THEN 'answers/' END || item_id AS item,
          before, after, note::text
      FROM moderation_log
      ORDER BY id DESC
      LIMIT $1::bigint OFFSET $2::bigint) AS entry
