SELECT to_regclass('sample_data') IS NOT NULL
