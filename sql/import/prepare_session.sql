-- For each session of an import, beside what all sessions have in common (sql/session/pin.sql).
SET client_min_messages = error;
SET maintenance_work_mem = '256MB';
SET work_mem = '128MB'
