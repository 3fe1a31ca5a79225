TRUNCATE questions, answers, answers_photos
