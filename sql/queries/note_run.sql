-- Writes down, where it is not yet, which run of the primary this is, so that standbys can show that they follow it
-- (sql/migrations/0026_served_run.sql).
SELECT note_run()
