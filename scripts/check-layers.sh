#!/bin/sh
# The layering of src/ and include/, and of nginx/, which stands above all:
#   - a file includes headers of its own folder and of folders below it;
#   - no files include each other in a circle, where a header and its source count as one file;
#   - include/ mirrors src/: each source has a header of its name, or, as topics_shop.c, of its beginning.
# Prints each offence; exit status 1 when there is one.
#   check-layers.sh [CHECKOUT]
set -eu
cd "${1:-.}"

# From top to bottom; main.c stands above all.
layers='nginx cli generate import process admin moderation qa pages http db rules ops'

includes() { # lines "folder/file < folder/included" or with a quote for the <, without suffix
    for file in src/*/*.c include/*/*.h nginx/*.c nginx/*.h; do
        [ -e "$file" ] || continue
        from=${file#src/}
        from=${from#include/}
        case $from in nginx/*) beside='s|(#include ")([^/"]+")|\1nginx/\2|' ;; *) beside='' ;; esac
        sed -E "$beside" "$file" | sed -nE 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<])([^/">]+/[^">]+)\.h[">].*|\1 \2|p' |
            sed "s|^|${from%.*} |"
    done | awk '$1 != $3'
}

pointing_up() {
    includes | awk -v layers="$layers" '
        BEGIN { count = split(layers, names, " "); for (i = 1; i <= count; i++) level[names[i]] = i }
        {
            split($1, from, "/"); split($3, to, "/")
            if (to[1] in level) {
                if (level[to[1]] < level[from[1]]) print $1 " includes " $3 ", which is above it"
            } else if ($2 == "\"") print $1 " includes " $3 ", which is in no layer"
        }'
}

outside_layers() {
    for folder in src/*/ include/*/; do
        name=$(basename "$folder")
        case " $layers " in
        *" $name "*) ;;
        *) echo "$folder is no layer" ;;
        esac
    done
}

without_header() {
    for source in src/*/*.c; do
        header=include${source#src}
        header=${header%.c}
        [ -e "$header.h" ] || [ -e "${header%_*}.h" ] || echo "$source has no header in include/"
    done
}

offences=$(pointing_up; outside_layers; without_header)
circles=$(includes | cut -d ' ' -f 1,3 | tsort 2>&1 >/dev/null || true)

if [ -n "$offences$circles" ]; then
    printf '%s\n%s\n' "$offences" "$circles" >&2
    exit 1
fi
echo "layers: no include points up, no circles, include/ mirrors src/"
