#!/bin/sh
# atelier-qa-setup: makes an installed Atelier Q&A serve. The manual is usage(), from which --help and the manual page
# are made.
#
# It promises: it can be repeated, and completes what an earlier try left out; a database that is there stays; what
# is a secret is never on a command line, and only root and those who need it can read its file.
set -eu
umask 022

usage() {
    cat <<'END'
Usage: atelier-qa-setup [--sample PRODUCTS] [--no-start]
       atelier-qa-setup COMMAND [ARGUMENT ...]

Makes the installed service serve: sees to a database, brings its schema up to
date, and starts the service and its NGINX, now and at each boot. It can be
repeated at any time. Only root can run it.

Where /etc/atelier-qa/database-url is missing, PostgreSQL on this machine gets a
database atelier_qa with the roles that it needs. For a database of your own
write two files first, as /usr/share/doc/atelier-qa/README.Debian shows.

With a COMMAND, such as import, migrate or settings, it runs "atelier-qa COMMAND"
with the settings of /etc/atelier-qa, as the owner of the tables.

Options:
  --sample PRODUCTS
      Fills an empty database with sample data of so many products.
  --no-start
      Starts and enables nothing.
  --help
      Prints this.

Files:
  /etc/atelier-qa/settings.env
      All settings.
  /etc/atelier-qa/database-url
      The connection string of the role that serves.
  /etc/atelier-qa/owner.env
      QA_OWNER_DATABASE_URL, that of the role that owns the tables.

Exit status:
  0
      The service is ready, or the COMMAND has ended so.
  1
      Something is missing, and standard error says what to do.
  2
      An argument is wrong.
END
}

fail() {
    echo "atelier-qa-setup: $*" >&2
    exit 1
}

settings=/etc/atelier-qa
database_url=$settings/database-url
owner_env=$settings/owner.env
user=atelier-qa
database=atelier_qa
library=/usr/lib/atelier-qa

# ---- The database ----

as_postgres() {
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
}

ask_postgres() {
    as_postgres psql --no-psqlrc --quiet --no-align --tuples-only --dbname=postgres --command="$1"
}

write_private() {  # write_private FILE GROUP MODE: standard input, in one step
    rm -f "$1.new"
    (umask 077 && cat >"$1.new")
    chgrp "$2" "$1.new"
    chmod "$3" "$1.new"
    mv "$1.new" "$1"
}

make_roles() {  # make_roles PASSWORD: of the owner; the role that serves is known by its user's name
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    mkdir "$folder/secrets"
    printf '%s' "$1" >"$folder/secrets/owner-password"
    : >"$folder/secrets/service-password"
    chown -R postgres: "$folder"
    chmod -R go= "$folder"
    # shellcheck disable=SC2016  # its own variables
    as_postgres sh -c 'cd "$1" && exec psql --no-psqlrc --quiet --dbname=postgres --set="service=$2" --file="$3"' - \
        "$folder" "$user" "$library/private-cluster.sql" || fail "the database cannot be made"
    rm -rf "$folder"
    trap - EXIT
}

no_postgresql() {
    fail "there is no PostgreSQL on this machine: install postgresql, or write the connection string of a database" \
        "of your own to $database_url (/usr/share/doc/atelier-qa/README.Debian)"
}

make_local_database() {
    command -v psql >/dev/null || no_postgresql
    getent passwd postgres >/dev/null || no_postgresql
    version=$(ask_postgres 'SHOW server_version_num') ||
        fail "PostgreSQL does not run on this machine, or does not let its user postgres in"
    [ "$version" -ge 140000 ] || fail "PostgreSQL must be version 14 or newer"
    sockets=$(ask_postgres "SELECT trim(split_part(current_setting('unix_socket_directories'), ',', 1))")
    port=$(ask_postgres 'SHOW port')
    echo "Making the database $database in PostgreSQL on this machine"
    password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    make_roles "$password"
    echo "QA_OWNER_DATABASE_URL=postgresql://atelier_qa_owner:$password@127.0.0.1:$port/$database" |
        write_private "$owner_env" root 600
    # Written last: it says that all is there.
    echo "host=$sockets port=$port dbname=$database user=$user" | write_private "$database_url" "$user" 640
}

# ---- The program ----

as_owner() {  # as root: an import reads files that only root may read
    (
        owner_url=$(sed -n 's/^QA_OWNER_DATABASE_URL=//p' "$owner_env" 2>/dev/null || true)
        [ -z "$owner_url" ] || export QA_OWNER_DATABASE_URL="$owner_url"
        exec atelier-qa "$@"
    )
}

check() {  # as the service will run
    systemd-tmpfiles --create atelier-qa.conf 2>/dev/null || true
    (cd / && exec setpriv --reuid="$user" --regid="$user" --clear-groups -- atelier-qa serve --check)
}

migrate() {
    log=$(mktemp)
    status=0
    as_owner migrate >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    [ "$status" -eq 0 ] || fail "the schema is not up to date"
}

load_sample() {
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    atelier-qa generate "$folder" --products "$1" >/dev/null
    as_owner import --sample --if-empty "$folder" || fail "the sample data cannot be loaded"
    rm -rf "$folder"
    trap - EXIT
}

start() {
    [ -d /run/systemd/system ] || {
        echo "systemd does not run here, so nothing was started"
        return 0
    }
    for unit in atelier-qa.socket atelier-qa.service atelier-qa-nginx.service; do
        systemctl --quiet enable "$unit"
        case $unit:$(systemctl is-active "$unit" || true) in
        *.socket:active) ;;
        *:active) systemctl reload "$unit" ;;
        *) systemctl start "$unit" ;;
        esac || fail "$unit does not start; see: journalctl -u ${unit%.*}"
    done
    port=$(atelier-qa settings --elsewhere 2>/dev/null | sed -n 's/^PORT=//p')
    echo "Atelier Q&A is running: http://localhost:${port:-8080}/demo/"
}

# ---- Arguments ----

case ${1:-} in
--help | -h)
    usage
    exit
    ;;
esac
[ "$(id -u)" -eq 0 ] || fail "only root can do this"
export QA_ENV_FILE=$settings/settings.env
case ${1:-} in
"" | -*) ;;
*)
    as_owner "$@"
    exit
    ;;
esac
products=0
starts=true
while [ $# -gt 0 ]; do
    case $1 in
    --no-start) starts=false ;;
    --sample)
        products=${2:-}
        shift
        ;;
    *) products="" ;;
    esac
    case $products in
    "" | *[!0-9]*)
        usage >&2
        exit 2
        ;;
    esac
    shift
done

if [ ! -s "$database_url" ] && grep -Eq "^(export )?DATABASE_URL_FILE=[\"']?$database_url" "$QA_ENV_FILE"; then
    make_local_database
fi
migrate
[ "$products" -eq 0 ] || load_sample "$products"
check || fail "the service cannot serve yet; mend what is told above, and call atelier-qa-setup again"
! $starts || start
