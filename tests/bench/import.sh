#!/usr/bin/env bash
# How long `atelier-qa import` takes beside the least that has to be done: psql's \copy of the same
# files into three tables with the files' own columns, as many indexes, and ANALYZE. Both in turn,
# some rounds, in a PostgreSQL cluster of its own that is removed afterwards.
#   import.sh [PRODUCTS [ROUNDS]]     default 100000 and 3; the full size is 1000011
# Environment: TMPDIR, where files and cluster go (about 10 GB at full size); PROGRAM.
set -euo pipefail
export LC_ALL=C.UTF-8

products=${1:-100000}
rounds=${2:-3}
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
program=${PROGRAM:-$checkout/build/release/atelier-qa}
postgresql=$(find /usr/lib/postgresql -path '*/bin/initdb' | sort -V | tail -n 1 | xargs dirname)
folder=$(mktemp -d "${TMPDIR:-/tmp}/import-bench.XXXXXX")
as_postgres=()

stop() {
    "${as_postgres[@]}" "$postgresql/pg_ctl" stop --pgdata="$folder/postgres" --mode=immediate \
        --silent || true
    rm -rf "$folder"
}

start() {
    chmod 755 "$folder"
    if ((EUID == 0)); then # PostgreSQL does not run as root
        as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
        chown postgres "$folder"
    fi
    cd "$folder"
    "${as_postgres[@]}" "$postgresql/initdb" --pgdata=postgres --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null
    # Both sides have the same; the rest are PostgreSQL's defaults.
    cat >>postgres/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$folder'
shared_buffers = 256MB
END
    "${as_postgres[@]}" "$postgresql/pg_ctl" start --pgdata=postgres --log=log --wait --silent
}

sql() {
    psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --host="$folder" \
        --username=postgres "$@"
}

# Prints seconds. What runs before must not be paid for by what runs now.
seconds() {
    sql --dbname=postgres --command=CHECKPOINT
    sync
    local TIMEFORMAT=%R
    { time "$@" >&2 2>>errors; } 2>&1
}

counts() {
    sql --dbname="$1" --command="SELECT concat_ws(' ', (SELECT count(*) FROM questions),
        (SELECT count(*) FROM answers), (SELECT count(*) FROM answers_photos))"
}

new_database() {
    sql --dbname=postgres --command="SET client_min_messages = warning" \
        --command="DROP DATABASE IF EXISTS $1" --command="CREATE DATABASE $1"
}

trap stop EXIT
start
"$program" generate data --products "$products" >/dev/null
cat >copy.sql <<'END'
CREATE TABLE questions (id bigint, product_id integer, body text, date_written bigint,
    asker_name text, asker_email text, reported boolean, helpful bigint);
CREATE TABLE answers (id bigint, question_id bigint, body text, date_written bigint,
    answerer_name text, answerer_email text, reported boolean, helpful bigint);
CREATE TABLE answers_photos (id bigint, answer_id bigint, url text);
\copy questions FROM 'data/questions.csv' (FORMAT csv, HEADER)
\copy answers FROM 'data/answers.csv' (FORMAT csv, HEADER)
\copy answers_photos FROM 'data/answers_photos.csv' (FORMAT csv, HEADER)
ALTER TABLE questions ADD PRIMARY KEY (id);
ALTER TABLE answers ADD PRIMARY KEY (id);
ALTER TABLE answers_photos ADD PRIMARY KEY (id);
CREATE INDEX ON questions (product_id);
CREATE INDEX ON answers (question_id);
CREATE INDEX ON answers_photos (answer_id);
ANALYZE questions, answers, answers_photos;
END
export QA_OWNER_DATABASE_URL="postgresql://postgres@/imported?host=$folder"
for ((round = 1; round <= rounds; round++)); do
    new_database copied
    copy=$(seconds sql --dbname=copied --file=copy.sql)
    copied=$(counts copied)
    new_database imported
    "$program" migrate 2>>errors
    import=$(seconds "$program" import data)
    imported=$(counts imported)
    [[ $copied == "$imported" ]] || { echo "rows differ: $copied, $imported" >&2; exit 1; }
    awk -v round="$round" -v rows="$imported" -v copy="$copy" -v import="$import" 'BEGIN {
        printf "round %d: %s rows; \\copy %.1f s, import %.1f s, ratio %.2f\n",
            round, rows, copy, import, import / copy }'
done
