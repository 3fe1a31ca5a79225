-- Deletes some of the changes that the snapshot $1 has seen (sql/migrations/0019_changes.sql).
SELECT forget_changes($1::pg_snapshot)
