#!/bin/sh
# Builds h2spec, which tests servers of HTTP/2, from the Go modules that tests/tls/h2spec/ pins: build-h2spec.sh FILE.
# Nothing is installed, but for Go where there is none.
set -eu

target=$1
mkdir -p "$(dirname "$target")"
target=$(cd "$(dirname "$target")" && pwd -P)/$(basename "$target")
export HOME="${HOME:-$(dirname "$target")}"  # Go keeps its caches there
cd "$(dirname "$0")"
echo "Compiling h2spec: once, a minute"
go=$(./find-go.sh)
GOTOOLCHAIN=local CGO_ENABLED=0 "$go" build -C ../tests/tls/h2spec -trimpath -buildvcs=false -o "$target" \
    github.com/summerwind/h2spec/cmd/h2spec
