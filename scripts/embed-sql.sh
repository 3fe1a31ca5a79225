#!/bin/sh
# Writes the SQL files of two folders as C: a header with one enumerator for each query, and a
# source file with the bytes of every query and migration. The Makefile calls it; see
# include/db/statements.h and include/db/migrations.h for the interface.
#   embed-sql.sh header QUERIES_DIR
#   embed-sql.sh source QUERIES_DIR MIGRATIONS_DIR
set -eu

names() {
    for file in "$1"/*.sql; do
        basename "$file" .sql
    done
}

bytes() {
    od -An -v -tx1 "$1" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
}

arrays() {
    for name in $(names "$2"); do
        printf 'static const char %s_%s[] = {\n%s 0};\n' "$1" "$name" "$(bytes "$2/$name.sql")"
    done
}

case "$1" in
header)
    printf '/* Made from sql/queries by scripts/embed-sql.sh. */\n#pragma once\n\nenum statement {\n'
    for name in $(names "$2"); do
        printf '    STATEMENT_%s,\n' "$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]')"
    done
    printf '    STATEMENT_COUNT\n};\n'
    ;;
source)
    printf '/* Made from sql/ by scripts/embed-sql.sh. */\n#include "db/embedded_sql.h"\n\n'
    arrays query "$2"
    arrays migration "$3"
    printf '\nconst struct embedded_sql embedded_queries[] = {\n'
    for name in $(names "$2"); do
        printf '    {"%s", query_%s},\n' "$name" "$name"
    done
    printf '    {0, 0},\n};\n\nconst struct embedded_sql embedded_migrations[] = {\n'
    for name in $(names "$3"); do
        printf '    {"%s", migration_%s},\n' "$name" "$name"
    done
    printf '    {0, 0},\n};\n'
    ;;
esac
