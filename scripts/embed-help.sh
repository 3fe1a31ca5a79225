#!/bin/sh
# Writes the manual of each command, DIR/NAME.txt, as C: see include/cli/help.h. The Makefile calls it.
#   embed-help.sh DIR
set -eu
export LC_ALL=C  # the order of names

printf '/* Made from %s by scripts/embed-help.sh. */\n#include "cli/help.h"\n' "$1"
printf '\nconst struct embedded_help embedded_help[] = {\n'
for file in "$1"/*.txt; do
    printf '    {"%s", (const char[]){\n%s 0}},\n' "$(basename "$file" .txt)" \
        "$(od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g')"
done
printf '    {0, 0},\n};\n'
