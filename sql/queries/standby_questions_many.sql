-- What standby_questions.sql makes, for several requests: an array for each of its parameters. For each place in
-- them a row with the page and its position, from 1.
SELECT questions_page(wanted.product, wanted.count, wanted.start, wanted.answers) AS page,
    position,
    EXISTS (
        SELECT FROM questions
        WHERE product_id = wanted.product AND NOT reported
        OFFSET wanted.count + wanted.start) AS has_more
FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS wanted (product, count, start, answers, position)
