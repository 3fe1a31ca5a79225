-- Gives each staged answer the copies of its photos' URLs, where it has not the right ones.
UPDATE atelier_qa_import.answers SET photo_urls = coalesce(urls, '[]')
FROM atelier_qa_import.answers AS same
    LEFT JOIN (SELECT answer_id, json_agg(url ORDER BY id) AS urls
               FROM atelier_qa_import.answers_photos
               GROUP BY answer_id) AS photos ON answer_id = same.id
WHERE answers.id = same.id AND same.photo_urls::text <> coalesce(urls, '[]')::text
