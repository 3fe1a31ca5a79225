-- Gives each staged answer the copies of its photos' URLs.
UPDATE atelier_qa_import.answers SET photo_urls = photos.urls
FROM (SELECT answer_id, json_agg(url ORDER BY id) AS urls
      FROM atelier_qa_import.answers_photos
      GROUP BY answer_id) AS photos
WHERE answers.id = photos.answer_id
