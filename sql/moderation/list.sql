-- Items that moderators have to see, or have seen: most reported first.
-- $1 which: queue (undecided), waiting (of them, what is not shown before somebody decides), hidden, approved,
-- erased or all;
-- $2 text in the body or the name, $3 kind, $4 reason and $5 product, NULL for any; $6 count, $7 offset.
-- The number of all is told up to a thousand.
WITH found AS (
    SELECT item.kind, item_id, item.counted, last_report_at
    FROM moderated_items AS item
        LEFT JOIN questions ON item.kind = 'question' AND questions.id = item_id
        LEFT JOIN answers ON item.kind = 'answer' AND answers.id = item_id
        LEFT JOIN questions AS parent ON parent.id = answers.question_id
    WHERE state = ANY (CASE $1::text
            WHEN 'queue' THEN ARRAY['open', 'waiting']
            WHEN 'all' THEN ARRAY['open', 'waiting', 'approved', 'hidden', 'erased']
            ELSE ARRAY[$1::text] END::moderation_state[])
        AND (state <> 'open' OR item.counted > 0)
        AND (questions.id IS NOT NULL OR answers.id IS NOT NULL)
        AND ($2::text IS NULL
             OR position(lower($2::text) IN lower(coalesce(questions.body, answers.body))) > 0
             OR position(lower($2::text) IN lower(coalesce(questions.asker_name, answerer_name))) > 0)
        AND ($3::item_kind IS NULL OR item.kind = $3::item_kind)
        AND ($4::report_reason IS NULL OR EXISTS (
            SELECT FROM reports
            WHERE reports.kind = item.kind AND reports.item_id = item.item_id
                AND reason = $4::report_reason))
        AND ($5::integer IS NULL OR coalesce(questions.product_id, parent.product_id) = $5::integer)
)
SELECT json_build_object(
    'items', (
        SELECT coalesce(json_agg(describe_item(kind, item_id)), '[]')
        FROM (SELECT kind, item_id FROM found
              ORDER BY counted DESC, kind, item_id
              LIMIT $6::bigint OFFSET $7::bigint) AS page),
    'total', (SELECT count(*) FROM (SELECT FROM found LIMIT 1000) AS counted_ones))
