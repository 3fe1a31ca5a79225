#!/bin/sh
# Writes the SQL files of some folders as C: a header with one enumerator for each file of a folder,
# and a source file with the bytes of all. The Makefile calls it; see include/db/embedded_sql.h for
# the interface.
#   embed-sql.sh header DIR ENUM            enum ENUM { ENUM_NAME, ... ENUM_COUNT }
#   embed-sql.sh source QUERIES_DIR MIGRATIONS_DIR IMPORT_DIR SESSION_DIR MODERATION_DIR
set -eu
export LC_ALL=C  # the order of names

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

upper() {
    printf '%s' "$1" | tr '[:lower:]' '[:upper:]'
}

table() {  # table ARRAY PREFIX DIR
    printf '\nconst struct embedded_sql %s[] = {\n' "$1"
    for name in $(names "$3"); do
        printf '    {"%s", %s_%s},\n' "$name" "$2" "$name"
    done
    printf '    {0, 0},\n};\n'
}

case "$1" in
header)
    printf '/* Made from %s by scripts/embed-sql.sh. */\n#pragma once\n\nenum %s {\n' "$2" "$3"
    for name in $(names "$2"); do
        printf '    %s_%s,\n' "$(upper "$3")" "$(upper "$name")"
    done
    printf '    %s_COUNT\n};\n' "$(upper "$3")"
    ;;
source)
    printf '/* Made from sql/ by scripts/embed-sql.sh. */\n#include "db/embedded_sql.h"\n\n'
    arrays query "$2"
    arrays migration "$3"
    arrays import "$4"
    arrays session "$5"
    arrays moderation "$6"
    table embedded_queries query "$2"
    table embedded_migrations migration "$3"
    table embedded_import_statements import "$4"
    table embedded_session_statements session "$5"
    table embedded_moderation_statements moderation "$6"
    ;;
esac
