#!/bin/sh
# Prints a `go` that is new enough for k6 and for the benchmark's peer: the one at hand, or, where that is
# older, as Debian 12's is, one that comes as a Go module, through the same proxy as others (GOPROXY) and
# checked against the same checksum database. Installs Go where there is none.
set -eu

minor=25  # of Go 1: what both need
toolchain=golang.org/toolchain@v0.0.1-go1.25.4

fail() {
    echo "$*" >&2
    exit 1
}

minor_of() {  # 25 of "go version go1.25.4 linux/amd64"
    "$1" version | sed -nE 's/^go version (devel )?go1\.([0-9]+).*/\2/p'
}

PATH=$PATH:/usr/local/go/bin
"$(dirname "$0")/../deploy/install-packages.sh" k6 >&2 || fail "there is no Go"
go=$(command -v go) || fail "there is no Go"
found=$(minor_of "$go")
if [ "${found:-0}" -lt "$minor" ]; then
    echo "Fetching a newer Go than ${found:+1.}${found:-this one}" >&2
    module="$toolchain.$(go env GOOS)-$(go env GOARCH)"
    go mod download "$module" >&2 || fail "$module could not be fetched (GOPROXY=$(go env GOPROXY))"
    root=$(go env GOMODCACHE)/$module
    chmod u+x "$root"/bin/* "$root"/pkg/tool/*/*  # modules have no executable files
    go=$root/bin/go
fi
echo "$go"
