#!/bin/sh
# Runs npm, or with `node` as the first word node, with a Node.js that is recent enough: the
# machine's own, or else one from the Python package index, which is kept in build/node. (Debian's
# npm would bring some 300 packages along.)
#   npm.sh ci ...
#   npm.sh node FILE ...
set -eu

folder=$(dirname "$0")/../build/node

is_recent() {
    node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major >= 22 || (major === 20 && minor >= 19) ? 0 : 1)'
}

install_node() {
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --requirement="$(dirname "$0")/node-requirements.txt"
    touch "$folder/complete"
}

if ! command -v npm >/dev/null || ! is_recent 2>/dev/null; then
    [ -e "$folder/complete" ] || install_node >&2
    PATH=$(cd "$folder/bin" && pwd):$PATH
fi
if [ "$1" = node ]; then
    exec "$@"
fi
exec npm "$@"
