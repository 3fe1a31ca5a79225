-- An item with what is around it: for an answer its question, for a question its answers (the first fifty),
-- the reports of which more is known than their number, and what was decided.
-- $1 kind, $2 id.
SELECT CASE WHEN described IS NOT NULL THEN json_build_object(
    'item', described,
    'question', CASE $1::item_kind WHEN 'answer' THEN
        describe_item('question', (described->>'question_id')::bigint) END,
    'answers', (
        SELECT coalesce(json_agg(describe_item('answer', id)), '[]')
        FROM (SELECT id FROM answers
              WHERE $1::item_kind = 'question' AND question_id = $2::bigint
              ORDER BY helpful DESC, id
              LIMIT 50) AS answer),
    'reports', (
        SELECT coalesce(json_agg(report), '[]')
        FROM (SELECT iso_8601(reported_at) AS date, reason, note::text FROM reports
              WHERE kind = $1::item_kind AND item_id = $2::bigint AND (reason IS NOT NULL OR note IS NOT NULL)
              ORDER BY reported_at DESC
              LIMIT 100) AS report),
    'log', (
        SELECT coalesce(json_agg(entry), '[]')
        FROM (SELECT id, iso_8601(decided_at) AS date, actor::text, role, action, before, after, note::text
              FROM moderation_log
              WHERE kind = $1::item_kind AND item_id = $2::bigint
              ORDER BY id DESC
              LIMIT 100) AS entry)) END
FROM describe_item($1::item_kind, $2::bigint) AS described
