#!/bin/sh
# Shows how PostgreSQL runs each statement of sql/queries, as the Markdown of docs/queries.md. What a
# statement changes is rolled back.
#   explain-queries.sh CONNECTION_STRING   (a role that may do all, on the full data set)
set -eu
cd "$(dirname "$0")/.."

# A product, a question and an answer in the middle of the data set, and an item of each batch.
parameters() {
    case $1 in
    list_questions) echo "284375, 5, 0, 100" ;;
    list_answers) echo "1000003, 1, 5, 0" ;;
    list_questions_many) echo "'{284375,284376}', '{5,5}', '{0,0}', '{100,100}'" ;;
    list_answers_many) echo "'{1000003,1000004}', '{1,1}', '{5,5}', '{0,0}'" ;;
    add_questions)
        echo "'[{\"product_id\": 284375, \"body\": \"Does it shrink?\", \"name\": \"will\", \"email\": \"will@example.com\"}]'"
        ;;
    add_answers)
        echo "'[{\"question_id\": 1000003, \"body\": \"Not mine.\", \"name\": \"ann\", \"email\": \"ann@example.com\", \"photos\": [\"https://img.example/1.jpg\"]}]'"
        ;;
    make_pages) echo "0, 2147483647, 10, 100" ;;
    next_page) echo "0, 1000, 100" ;;
    vote_answer | vote_question) echo "1000003, 3" ;;
    *) echo "'[1000003, 2000003, 3000003]'" ;;
    esac
}

# explain NAME: the statement on the standard input.
explain() {
    printf '## %s\n\n```\n' "$1"
    # Twice: the first run only brings the pages into memory.
    psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$database" <<END
SET jit = off;
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
PREPARE statement AS
$(cat);
BEGIN;
\o /dev/null
EXPLAIN (ANALYZE, BUFFERS) EXECUTE statement ($(parameters "$1"));
\o
ROLLBACK;
BEGIN;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE statement ($(parameters "$1"));
ROLLBACK;
END
    printf '```\n\n'
}

database=$1
for file in sql/queries/*.sql; do
    name=$(basename "$file" .sql)
    explain "$name" <"$file"
done
