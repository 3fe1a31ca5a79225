-- Whether the tables are those that the statements here are made for.
SELECT to_regclass('sample_data') IS NOT NULL AND to_regproc('keep_photo_urls') IS NOT NULL
    AND to_regproc('make_pages') IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = to_regclass('answers') AND attname = 'answerer_email'
                        AND attnotnull)
