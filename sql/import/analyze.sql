ANALYZE questions, answers, answers_photos
