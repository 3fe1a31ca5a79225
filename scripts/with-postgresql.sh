#!/bin/sh
# Runs a command where the only PostgreSQL server is that of another version, for stacks and tests: as root, in a
# mount namespace of the command's own.
#   with-postgresql.sh DIR COMMAND [ARGUMENT...]
#
#   DIR    of that version, with bin/ (initdb, pg_ctl, postgres), lib/ and share/, as it is installed or as packages of
#          other systems have it. Client programs that it lacks are those of the newest PostgreSQL here.
#
# It promises to change nothing that others see, and to leave nothing behind.
set -eu

fail() {
    echo "with-postgresql: $*" >&2
    exit 2
}

place=/usr/lib/postgresql
if [ "${1:-}" = --inside ]; then
    shift
    version=$1
    directory=$2
    shift 2
    clients=$(find "$place" -path '*/bin/psql' | sort -V | tail -n 1 | xargs -r dirname)
    kept=$(mktemp -d)
    mount -t tmpfs -o mode=755 tmpfs "$kept"
    mkdir "$kept/$version"
    cp -a "$directory/bin" "$directory/lib" "$directory/share" "$kept/$version/"
    for client in psql pg_dump pg_restore; do
        [ -e "$kept/$version/bin/$client" ] || cp "$clients/$client" "$kept/$version/bin/"
    done
    chown -R root:root "$kept/$version"
    chmod -R a+rX "$kept/$version"
    mount --move "$kept" "$place"
    rmdir "$kept"
    exec "$@"
fi

[ $# -ge 2 ] || fail "usage: with-postgresql.sh DIR COMMAND [ARGUMENT...]"
[ "$(id -u)" -eq 0 ] || fail "only root can hide the servers that are installed"
[ -d "$place" ] || fail "$place is missing: install any PostgreSQL, whose client programs are needed"
directory=$(realpath "$1")
shift
version=$("$directory/bin/postgres" --version | sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p')
[ -n "$version" ] || fail "$directory/bin/postgres is no PostgreSQL server"
exec unshare --mount --propagation private "$(realpath "$0")" --inside "$version" "$directory" "$@"
