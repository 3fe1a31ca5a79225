#!/bin/sh
# Builds k6 from its Go modules and puts it where it is told: build-k6.sh FILE.
#
# The version is the one that the scripts in k6/ are tested with. k6 needs a newer Go than Debian 12
# has: where the `go` at hand is older, the one that is needed comes as a Go module, too, through the
# same proxy (GOPROXY) and checked against the same checksum database. Nothing is installed.
set -eu

k6=go.k6.io/k6@v1.8.1
minor=25  # of Go 1: what this k6 needs
toolchain=golang.org/toolchain@v0.0.1-go1.25.4
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
PATH=$PATH:/usr/local/go/bin
echo "Compiling k6 1.8.1, as no k6 from 1.8 on is in PATH: once, a few minutes, ten on a busy machine"
"$(dirname "$0")/../deploy/install-packages.sh" k6 || fail "there is no Go"
command -v go >/dev/null || fail "there is no Go"

minor_of() {  # 25 of "go version go1.25.4 linux/amd64"
    "$1" version | sed -nE 's/^go version (devel )?go1\.([0-9]+).*/\2/p'
}

go=go
found=$(minor_of go)
if [ "${found:-0}" -lt "$minor" ]; then
    echo "Fetching a newer Go than ${found:+1.}${found:-this one}"
    module="$toolchain.$(go env GOOS)-$(go env GOARCH)"
    go mod download "$module" || fail "$module could not be fetched (GOPROXY=$(go env GOPROXY))"
    root=$(go env GOMODCACHE)/$module
    chmod u+x "$root"/bin/* "$root"/pkg/tool/*/*  # modules have no executable files
    go=$root/bin/go
fi

GOTOOLCHAIN=local GOBIN="$folder" CGO_ENABLED=0 \
    "$go" install -trimpath -ldflags '-s -w' "$k6" || fail "see above (GOPROXY=$(go env GOPROXY))"
[ "$folder/k6" = "$folder/$(basename "$target")" ] || mv "$folder/k6" "$target"
echo "k6 is compiled: $target"
