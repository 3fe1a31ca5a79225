-- Whether the tables are empty, and whether the database is marked as holding the sample.
SELECT NOT EXISTS (SELECT FROM questions) AND NOT EXISTS (SELECT FROM answers)
        AND NOT EXISTS (SELECT FROM answers_photos),
    EXISTS (SELECT FROM sample_data)
