#!/bin/sh
# Builds a tool of the tests from its Go module, in the version that they are tested with: go-tool.sh NAME FILE.
# Nothing is installed, but for Go where there is none.
set -eu

name=$1
target=$2
folder=$(dirname "$target")
hint=

case $name in
k6)
    module=go.k6.io/k6@v1.8.1
    hint="Install Go (https://go.dev/dl/), or put k6 1.8 into PATH, or use the image grafana/k6."
    ;;
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
    [ -z "$hint" ] || echo "$hint" >&2
    exit 1
}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd -P)
export HOME="${HOME:-$folder}"  # Go keeps its caches there
echo "Compiling $name ($module): once, some minutes, ten on a busy machine"
go=$("$(dirname "$0")/find-go.sh") || fail "see above"
GOTOOLCHAIN=local GOBIN="$folder" CGO_ENABLED=0 "$go" install -trimpath -ldflags '-s -w' "$module" || fail "see above"
[ "$folder/$name" = "$folder/$(basename "$target")" ] || mv "$folder/$name" "$target"
