-- One import at a time. What it finds in the schema atelier_qa_import is then nobody's any more.
SELECT pg_try_advisory_lock(7281504418)
