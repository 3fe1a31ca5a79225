#!/bin/sh
# Whether two builds of the program and of NGINX's module are equal byte for byte: from the same files, but in two
# folders, at two times, and in different languages and time zones. Prints what differs; exit status 1 then.
set -eu
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
revision=$(scripts/revision.sh)

build() {  # build NAME VARIABLE=VALUE...
    name=$1
    shift
    mkdir "$folder/$name"
    git ls-files --cached --others --exclude-standard | tar -c --files-from=- | tar -x -C "$folder/$name"
    # NGINX's headers, as they were downloaded.
    [ ! -e build/nginx ] || { mkdir "$folder/$name/build" && cp -R build/nginx "$folder/$name/build/"; }
    env -u MAKELEVEL -u MAKEFLAGS "$@" make --silent -C "$folder/$name" -j "$(nproc)" SOURCE_REVISION="$revision" \
        build/release/atelier-qa module manual >"$folder/$name.log" 2>&1 || { cat "$folder/$name.log" >&2; exit 1; }
}

build one LC_ALL=C TZ=UTC
build another-folder-with-a-longer-name LC_ALL=C.UTF-8 TZ=Pacific/Auckland

status=0
for file in release/atelier-qa release/ngx_http_qa_pages_module.so manual; do
    one=$folder/one/build/$file
    other=$folder/another-folder-with-a-longer-name/build/$file
    if [ ! -e "$one" ] && [ ! -e "$other" ]; then
        echo "$file: not built here"
    elif diff -r "$one" "$other"; then
        echo "$file: equal"
    else
        status=1
    fi
done
exit $status
