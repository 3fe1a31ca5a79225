#!/bin/sh
# Puts the npm packages that the lock file of FOLDER names into TARGET/node_modules, once for each
# version of that file. No package runs a program of its own while it is installed.
#   npm-install.sh FOLDER TARGET
set -eu

folder=$1
target=$2
scripts=$(dirname "$0")

if cmp -s "$folder/package-lock.json" "$target/installed"; then
    exit 0
fi
mkdir -p "$target"
cp "$folder/package.json" "$folder/package-lock.json" "$target"
timeout 180 "$scripts/npm.sh" --prefix "$target" ci --ignore-scripts --no-audit --no-fund \
    --no-update-notifier --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=20000 --loglevel=error >&2
cp "$folder/package-lock.json" "$target/installed"
