-- Marks a database whose questions, answers and photos are the sample that `make run` begins with,
-- so that an import does not mix the shop's own with them. At most one row.
CREATE TABLE sample_data (
    loaded_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX sample_data_single_row ON sample_data ((true));
