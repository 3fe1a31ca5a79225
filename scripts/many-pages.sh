#!/bin/sh
# Writes the statement that makes one page as one that makes many: it takes an array for each
# parameter and returns, for each place in them, the page and its `position`, from 1.
#   many-pages.sh FILE   in which each use of a parameter names its type, as in $1::integer
set -eu

code=$(grep -v '^ *--' "$1")
parameters=$(printf '%s\n' "$code" | grep -o '\$[0-9]::[a-z]*' | sort -u)

list() {  # the parameters, each changed by a sed script, with commas between
    printf '%s\n' "$parameters" | sed "$1" | paste -s -d, -
}

page=$(printf '%s\n' "$code" | sed 's/\$\([0-9]\)::[a-z]*/item.parameter\1/g; s/^/    /')
case $page in
*'$'*)
    echo "many-pages: $1 has a parameter without a type" >&2
    exit 1
    ;;
esac
printf 'SELECT (\n%s) AS page, position\nFROM unnest(%s) WITH ORDINALITY AS item (%s, position)\n' \
    "$page" "$(list 's/$/[]/')" "$(list 's/^\$\([0-9]\).*/parameter\1/')"
