DELETE FROM sample_data
