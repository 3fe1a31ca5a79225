#!/bin/sh
# Builds k6 from its Go modules and puts it where it is told: build-k6.sh FILE.
#
# The version is the one that the scripts in k6/ are tested with. Nothing is installed, but for Go where
# there is none.
set -eu

k6=go.k6.io/k6@v1.8.1
target=$1
folder=$(dirname "$target")

fail() {
    echo "Cannot build k6: $*" >&2
    echo "Install Go (https://go.dev/dl/), or put k6 1.8 into PATH, or use the image grafana/k6." >&2
    exit 1
}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd -P)
export HOME="${HOME:-$folder}"  # Go keeps its caches there
echo "Compiling k6 1.8.1, as no k6 from 1.8 on is in PATH: once, a few minutes, ten on a busy machine"
go=$("$(dirname "$0")/find-go.sh") || fail "see above"
GOTOOLCHAIN=local GOBIN="$folder" CGO_ENABLED=0 \
    "$go" install -trimpath -ldflags '-s -w' "$k6" || fail "see above"
[ "$folder/k6" = "$folder/$(basename "$target")" ] || mv "$folder/k6" "$target"
echo "k6 is compiled: $target"
