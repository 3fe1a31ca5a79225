-- All that the database holds of a person. $1 the address, $2 who asks.
SELECT export_person($1::text, $2::text)
