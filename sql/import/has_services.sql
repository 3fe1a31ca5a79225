-- Whether a service is connected to this database.
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'atelier-qa')
