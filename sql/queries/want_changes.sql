-- Has changes written for the validators (sql/migrations/0019_changes.sql).
SELECT want_changes()
