-- What list_answers.sql makes, for several requests: an array for each of its parameters. For each place in
-- them a row with the page and its position, from 1.
SELECT made.page, position, made.has_more
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS wanted (question, number, count, start, position),
LATERAL (
    SELECT json_build_object(
        'question', wanted.question::text,
        'page', wanted.number,
        'count', wanted.count,
        'results', coalesce(json_agg(shown), '[]')) AS page,
        CASE WHEN count(*) < wanted.count THEN false ELSE EXISTS (
            SELECT FROM answers
            WHERE question_id = wanted.question AND NOT reported
            OFFSET wanted.count + wanted.start) END AS has_more
    FROM (
        SELECT id AS answer_id, body, iso_8601(created_at) AS date, answerer_name,
            helpful AS helpfulness,
            CASE WHEN octet_length(photo_urls::text) BETWEEN 3 AND 4 * 1024 * 1024 / wanted.count THEN (
                SELECT coalesce(json_agg(photo), '[]')
                FROM (
                    SELECT id, url::text FROM answers_photos
                    WHERE answer_id = answer.id
                    ORDER BY id) AS photo) ELSE '[]' END AS photos
        FROM (
            SELECT * FROM shown_answers(wanted.question, wanted.count + wanted.start)
            ORDER BY helpful DESC, id
            LIMIT wanted.count OFFSET wanted.start) AS answer) AS shown) AS made
