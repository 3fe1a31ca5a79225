#!/bin/sh
# Writes files as C: one struct page_file each, whose name is page_file_ and the file's, as page_file_status_html. The
# Makefile calls it; see include/admin/page_files.h for the interface.
#   embed-files.sh FILE...
set -eu

printf '/* Made by scripts/embed-files.sh. */\n#include "admin/page_files.h"\n'
for file in "$@"; do
    name=$(basename "$file" | tr . _)
    printf '\nstatic const unsigned char %s[] = {\n' "$name"
    od -An -v -tx1 "$file" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
    printf '};\nconst struct page_file page_file_%s = {%s, sizeof %s};\n' "$name" "$name" "$name"
done
