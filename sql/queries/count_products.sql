-- How many questions, and answers to them, the lists of products show, in the order given.
-- $1 array of products.
SELECT json_build_object('results', json_agg(counted ORDER BY position))
FROM unnest($1::integer[]) WITH ORDINALITY AS wanted (product, position), LATERAL (
    SELECT product AS product_id, count(*) AS questions, coalesce(sum(answers), 0) AS answers
    FROM (
        SELECT (SELECT count(*) FROM answers WHERE question_id = question.id AND NOT reported) AS answers
        FROM questions AS question
        WHERE question.product_id = product AND NOT reported) AS shown) AS counted
