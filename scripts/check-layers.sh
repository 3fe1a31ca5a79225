#!/bin/sh
# The layering of src/ and include/: a file may include headers of its own folder and of folders
# below it, and no files may include each other in a circle. Prints each offence; exit status 1
# when there is one.
set -eu

# From top to bottom; main.c stands above all.
layers='cli generate import process qa cache http db rules ops'

includes() { # lines "folder/file folder/included", without suffix
    for file in src/*/*.c include/*/*.h; do
        from=${file#*/}
        sed -n 's|^#include "\([a-z_]*/[a-z_]*\)\.h".*|\1|p' "$file" |
            sed "s|^|${from%.*} |"
    done | awk '$1 != $2'
}

offences=$(includes | awk -v layers="$layers" '
    BEGIN { count = split(layers, names, " "); for (i = 1; i <= count; i++) level[names[i]] = i }
    {
        split($1, from, "/"); split($2, to, "/")
        if (!(from[1] in level)) print $1 " is in a folder that is no layer"
        else if (level[to[1]] && level[to[1]] < level[from[1]]) print $1 " includes " $2 ", which is above it"
    }')
circles=$(includes | tsort 2>&1 >/dev/null || true)

if [ -n "$offences$circles" ]; then
    printf '%s\n%s\n' "$offences" "$circles" >&2
    exit 1
fi
echo "layers: no include points up, no circles"
