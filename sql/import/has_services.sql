-- Whether a service is connected to this database whose caches the database does not tell of changes
-- (sql/migrations/0019_changes.sql): services of several hosts all ask for them, or none does.
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'atelier-qa')
    AND NOT EXISTS (SELECT FROM changes_wanted)
