#!/bin/sh
# Prints the commit of this checkout, with -dirty where tracked files differ from it; nothing where
# this is no checkout of its own or git is missing.
set -eu

cd "$(dirname "$0")/.."
[ ! -e .git ] || git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || true
