SELECT adopt_reported()
