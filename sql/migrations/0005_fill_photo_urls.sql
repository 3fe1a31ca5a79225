-- no transaction
-- Fills in the copies of the photo URLs of answers that were there before migration 0004. Each batch
-- is a transaction of its own, which locks its answers for some ten milliseconds; running it again
-- changes nothing.
DO $$
DECLARE
    batch CONSTANT bigint := 5000;
    first_photo bigint;
    last_photo bigint;
BEGIN
    SELECT min(id), max(id) INTO first_photo, last_photo FROM answers_photos;
    WHILE first_photo <= last_photo LOOP
        PERFORM refresh_photo_urls(ARRAY(
            SELECT DISTINCT answer_id FROM answers_photos
            WHERE id BETWEEN first_photo AND first_photo + least(batch, last_photo - first_photo)));
        COMMIT;
        SELECT min(id) INTO first_photo FROM answers_photos
        WHERE id > first_photo + least(batch, last_photo - first_photo);
    END LOOP;
END
$$
