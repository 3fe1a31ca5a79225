#!/bin/sh
# Builds the Debian packages of this checkout, for the Debian that it runs on: `make deb`.
#   build-packages.sh [VERSION [unchecked]]    build/deb/*.deb; VERSION stands for the file of that name; without lintian
#
# It promises to change nothing in the checkout but build/, and that the build itself needs no network: what the
# packages have from elsewhere, the page under /docs/, was fetched before. lintian, where it is installed, must find
# neither errors nor warnings.
set -eu
cd "$(dirname "$0")/.."
umask 022

number=${1:-$(cat VERSION)}
work=build/deb
source=$work/atelier-qa
# A commit that is newer has a higher version. A checkout of a release has the release's.
revision=$(scripts/revision.sh)
time=$(git log -1 --format=%ct 2>/dev/null || date +%s)
version=$number
if [ -n "$revision" ] && ! git describe --exact-match --match "v$number" >/dev/null 2>&1; then
    version="$number+$(date --utc --date="@$time" +%Y%m%d%H%M%S).$(echo "$revision" | cut -c 1-7)"
    case $revision in *-dirty) version=$version.dirty ;; esac
fi
# shellcheck disable=SC1091  # each Debian has it
version="$version-1~deb$(. /etc/os-release && echo "$VERSION_ID")"

list_sources() {  # all that git knows, as it is now; without git, all but what builds and runs leave
    if [ -n "$revision" ]; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . \( -path ./build -o -path './.local*' \) -prune -o -type f -print0
    fi
}

copy_sources() {
    rm -rf "$work"
    mkdir -p "$source/build"
    # shellcheck disable=SC2016  # its own variables
    list_sources | xargs -0 -r sh -c 'for file do [ ! -e "$file" ] || printf "%s\0" "$file"; done' - |
        tar --create --null --files-from=- | tar --extract --directory="$source"
    [ ! -e build/viewer ] || cp -a build/viewer "$source/build/"
    cp -a "$source/deploy/debian" "$source/debian"
    echo "$number" >"$source/VERSION"
}

write_changelog() {
    cat <<END
atelier-qa ($version) unstable; urgency=medium

  * Revision ${revision:-unknown}. What has changed for users is in CHANGELOG.md.

 -- $(sed -n 's/^Maintainer: //p' deploy/debian/control)  $(date --utc --rfc-email --date="@$time")
END
}

build() {
    (
        cd "$source"
        export SOURCE_REVISION="$revision"
        # One job for each processor, within what the rules call.
        DEB_BUILD_OPTIONS="parallel=$(nproc) nocheck" MAKEFLAGS='' \
            dpkg-buildpackage --build=binary --no-sign --jobs="$(nproc)" >../build.log 2>&1
    ) || {
        tail -n 40 "$work/build.log" >&2
        exit 1
    }
}

check() {
    if command -v lintian >/dev/null; then
        # A version with time and commit makes a file's name longer than is good for a CD.
        lintian --fail-on error,warning --pedantic --suppress-tags package-has-long-file-name "$work"/*.changes
    else
        echo "lintian is not installed: the packages are not checked"
    fi
}

scripts/build-reference.sh
copy_sources
write_changelog >"$source/debian/changelog"
build
[ "${2:-}" = unchecked ] || check
for package in "$work"/*.deb; do
    echo "$package"
done
