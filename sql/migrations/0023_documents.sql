-- A question with its answers as a web page, for permalinks and search engines: what one reads, and the same as
-- schema.org's QAPage (https://developers.google.com/search/docs/appearance/structured-data/qapage).

-- Functions run with the search path of this session, and look for temporary tables last.
SELECT set_config('search_path', current_setting('search_path') || ', pg_temp', true);

-- A text within HTML, also in a quoted attribute.
CREATE FUNCTION html(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT
    RETURN replace(replace(replace(replace(replace($1, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'),
                   '''', '&#39;');

-- JSON within a script element, which nothing in it can end.
CREATE FUNCTION json_for_html(json) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT
    RETURN replace(replace(replace($1::text, '<', '\u003c'), '>', '\u003e'), '&', '\u0026');

-- One question with its answers, as the list of its product shows it (0014), and the product. NULL: there is
-- none, or it is reported.
CREATE FUNCTION one_question(question_id bigint, most_answers bigint) RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT row_to_json(shown)
    FROM (
        SELECT product_id::text, id AS question_id, body AS question_body,
            iso_8601(created_at) AS question_date, asker_name, helpful AS question_helpfulness,
            reported, answers
        FROM questions AS question, answers_on_page(question.id, $2, 200 * 1024)
        WHERE id = $1 AND NOT reported) AS shown
$$;

-- The same as schema.org has it.
CREATE FUNCTION question_as_qa_page(question json, answer_count bigint) RETURNS json
    LANGUAGE sql STABLE
AS $$
    SELECT json_build_object('@context', 'https://schema.org', '@type', 'QAPage', 'mainEntity', json_strip_nulls(
        json_build_object(
            '@type', 'Question',
            'name', $1->'question_body',
            'text', $1->'question_body',
            'answerCount', $2,
            'upvoteCount', $1->'question_helpfulness',
            'datePublished', $1->'question_date',
            'author', json_build_object('@type', 'Person', 'name', $1->'asker_name'),
            'suggestedAnswer', (
                SELECT json_agg(json_build_object(
                    '@type', 'Answer',
                    'text', shown->'body',
                    'upvoteCount', shown->'helpfulness',
                    'datePublished', shown->'date',
                    'author', json_build_object('@type', 'Person', 'name', shown->'answerer_name')) ORDER BY place)
                FROM json_each($1->'answers') WITH ORDINALITY AS answer (id, shown, place)))))
$$;

-- One answer in HTML, given as it is on the page of its product.
CREATE FUNCTION answer_as_html(answer json) RETURNS text
    LANGUAGE sql STABLE
AS $$
    SELECT format('<article id="answer-%s">
<p lang="" dir="auto">%s</p>
%s<footer><span lang="" dir="auto">%s</span>, <time datetime="%s">%s</time>, helpful: %s</footer>
</article>
', $1->>'id', html($1->>'body'), (
            SELECT coalesce(string_agg(format('<img src="%s" alt="" loading="lazy">', html(url)), E'\n' ORDER BY place)
                || E'\n', '')
            FROM json_array_elements_text($1->'photos') WITH ORDINALITY AS photo (url, place)),
        html($1->>'answerer_name'), $1->>'date', left($1->>'date', 10), $1->>'helpfulness')
$$;

-- The page. NULL: there is no such question, or it is reported. The hash of what is in its style element is in
-- src/qa/document.c.
CREATE FUNCTION question_document(question_id bigint, most_answers bigint) RETURNS text
    LANGUAGE sql STABLE
AS $$
    SELECT format('<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%1$s</title>
<link rel="canonical" href="/q/%2$s">
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:auto;max-width:40rem;padding:1rem}h1{font-size:1.4rem}h1,p{overflow-wrap:anywhere;white-space:pre-wrap}article{border-top:1px solid;margin-top:1rem}img{max-height:10rem;max-width:100%%}</style>
<script type="application/ld+json">%3$s</script>
</head>
<body>
<main>
<h1 lang="" dir="auto">%1$s</h1>
<p><span lang="" dir="auto">%4$s</span>, <time datetime="%5$s">%6$s</time>, helpful: %7$s</p>
%8$s</main>
</body>
</html>
', html(question->>'question_body'), question->>'question_id',
        json_for_html(question_as_qa_page(question, (
            SELECT count(*) FROM answers WHERE answers.question_id = $1 AND NOT answers.reported))),
        html(question->>'asker_name'), question->>'question_date', left(question->>'question_date', 10),
        question->>'question_helpfulness', (
            SELECT coalesce(string_agg(answer_as_html(shown), '' ORDER BY place), '')
            FROM json_each(question->'answers') WITH ORDINALITY AS answer (id, shown, place)))
    FROM (SELECT one_question($1, $2) AS question OFFSET 0) AS found
    WHERE question IS NOT NULL
$$;
