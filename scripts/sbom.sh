#!/bin/sh
# Writes what the program and NGINX's module consist of as a CycloneDX document: sbom.sh SYFT FILE BINARY...
#
# It lists the Debian packages of all libraries that the binaries are linked with, also indirectly, and of the
# headers whose code becomes part of them; and what the build takes from npm for the page under /docs/. syft reads
# that from a folder that has what a root of just these packages would have.
set -eu

syft=$1
document=$2
shift 2
header_only=uthash-dev
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

package_of() {  # prints the package that has this file, wherever /usr is merged
    for name in "$1" "$(realpath "$1")" "$(realpath "$1" | sed 's,^/usr,,')"; do
        owner=$(dpkg-query -S "$name" 2>/dev/null | sed -n '1s/: .*//p')
        if [ -n "$owner" ]; then
            echo "$owner"
            return 0
        fi
    done
    echo "sbom.sh: no package has $1" >&2
    return 1
}

libraries() {  # prints the files that the binaries are linked with
    ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 }' | sort -u
}

found=$(libraries "$@")
packages=$header_only
for library in $found; do
    package=$(package_of "$library")
    packages="$packages $package"
done

mkdir -p "$root/etc" "$root/var/lib/dpkg" "$root/docs" "$(dirname "$document")"
cp /etc/os-release "$root/etc/"
cp docs/reference/package-lock.json "$root/docs/"
# Names of packages are words.
# shellcheck disable=SC2086
dpkg-query -s $packages >"$root/var/lib/dpkg/status"
for package in $packages; do
    mkdir -p "$root/usr/share/doc/${package%:*}"
    cp "/usr/share/doc/${package%:*}/copyright" "$root/usr/share/doc/${package%:*}/"
done
SYFT_CHECK_FOR_APP_UPDATE=false SYFT_FILE_METADATA_SELECTION=none "$syft" scan --quiet "dir:$root" \
    --source-name atelier-qa --source-version "$(cat VERSION)" --output "cyclonedx-json=$document"
# shellcheck disable=SC2086
/usr/bin/python3 - "$document" $packages <<'END_OF_CHECK'
import json, sys
document, *packages = sys.argv[1:]
listed = {component["name"] for component in json.load(open(document))["components"]}
missing = {package.partition(":")[0] for package in packages} - listed
sys.exit(f"sbom.sh: {document} lacks {sorted(missing)}" if missing else 0)
END_OF_CHECK
echo "$document: $# binaries, the Debian packages that they consist of, and what npm brings"
