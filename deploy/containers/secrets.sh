#!/bin/sh
# Makes the passwords that are missing, each in a file, and the connection strings with them.
#   secrets.sh [NAME...]    also passwords of these names
#
#   /secrets           all of them
#   /service-secrets   the connection string of the serving role alone
#
# Environment: QA_OWNER_PASSWORD, QA_SERVICE_PASSWORD (random ones); STANDBYS_PORT: where that role reaches standbys,
# for one more connection string
#
# The files may be read by everybody in the containers that have these volumes, and by nobody else.
set -eu
umask 022

password() {  # password NAME [VALUE]
    file=/secrets/$1-password
    if [ -n "${2:-}" ]; then
        printf '%s' "$2" >"$file.new"
    elif [ ! -s "$file" ]; then
        od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file.new"
    else
        return 0
    fi
    mv "$file.new" "$file"
}

connection_string() {  # connection_string NAME FILE [PARAMETER]
    quoted=$(sed "s/['\\\\]/\\\\&/g" "/secrets/$1-password")
    printf "host=postgres dbname=atelier_qa user=atelier_qa_%s password='%s' %s\n" "$1" "$quoted" "${3:-}" \
        >"$2.new"
    mv "$2.new" "$2"
}

password superuser
password owner "${QA_OWNER_PASSWORD:-}"
password service "${QA_SERVICE_PASSWORD:-}"
for name in "$@"; do
    password "$name"
done
connection_string owner /secrets/owner-url
connection_string service /service-secrets/url
[ -z "${STANDBYS_PORT:-}" ] || connection_string service /service-secrets/read-url "port=$STANDBYS_PORT"
