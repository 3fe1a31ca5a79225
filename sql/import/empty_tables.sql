-- Who makes product pages locks these first, and the tables then: so must who empties the tables.
LOCK TABLE product_pages IN SHARE ROW EXCLUSIVE MODE;
TRUNCATE questions, answers, answers_photos
