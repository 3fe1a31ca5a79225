-- What list_questions.sql makes, for several requests: an array for each of its parameters. For each place in
-- them a row with the page and its position, from 1.
SELECT coalesce(page, questions_page(wanted.product, wanted.count, wanted.start, wanted.answers)) AS page,
    position,
    CASE WHEN has_more IS NOT NULL THEN has_more ELSE EXISTS (
        SELECT FROM questions
        WHERE product_id = wanted.product AND NOT reported
        OFFSET wanted.count + wanted.start) END AS has_more
FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS wanted (product, count, start, answers, position)
LEFT JOIN LATERAL (
    SELECT page, has_more FROM product_pages AS ready
    WHERE product_id = wanted.product AND most_answers = wanted.answers
        AND wanted.count = 5 AND wanted.start = 0
        AND NOT EXISTS (SELECT FROM changed_products WHERE product_id = ready.product_id)
    LIMIT 1) AS made ON true
