#!/bin/sh
# Builds a tool of the tests from its Go module, in the version that they are tested with: go-tool.sh NAME FILE.
# Nothing is installed, but for Go where there is none.
set -eu

name=$1
folder=$(dirname "$2")

case $name in
kubeconform) module=github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0 ;;
kustomize) module=sigs.k8s.io/kustomize/kustomize/v5@v5.7.1 ;;
syft) module=github.com/anchore/syft/cmd/syft@v1.57.1 ;;
*)
    echo "go-tool.sh: $name is not known here" >&2
    exit 2
    ;;
esac

fail() {
    echo "Cannot build $name: $*" >&2
    exit 1
}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd -P)
export HOME="${HOME:-$folder}"  # Go keeps its caches there
echo "Compiling $module: once, some minutes"
go=$("$(dirname "$0")/find-go.sh") || fail "see above"
GOTOOLCHAIN=local GOBIN="$folder" CGO_ENABLED=0 "$go" install -trimpath -ldflags '-s -w' "$module" || fail "see above"
