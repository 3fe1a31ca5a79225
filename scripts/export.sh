#!/bin/sh
# Writes what a database holds as the three public files, which `atelier-qa import` reads. All three
# show the same moment, and only their owner can read them.
#   export.sh CONNECTION_STRING DIR   (a role that may read all, such as the owner)
set -eu
umask 077  # they hold e-mail addresses

database=$1
pin=$(cd "$(dirname "$0")/../sql/session" && pwd)/pin.sql
folder=$2
mkdir -p "$folder"
cd "$folder"
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$database" --set=pin="$pin" <<'END'
\encoding UTF8
\o /dev/null
\i :pin
\o
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
\copy (SELECT id, product_id, body, trunc(extract(epoch FROM created_at) * 1000) AS date_written, asker_name, asker_email, reported::integer AS reported, helpful FROM questions ORDER BY id) TO 'questions.csv' (FORMAT csv, HEADER)
\copy (SELECT id, question_id, body, trunc(extract(epoch FROM created_at) * 1000) AS date_written, answerer_name, answerer_email, reported::integer AS reported, helpful FROM answers ORDER BY id) TO 'answers.csv' (FORMAT csv, HEADER)
\copy (SELECT id, answer_id, url FROM answers_photos ORDER BY id) TO 'answers_photos.csv' (FORMAT csv, HEADER)
COMMIT;
END
