#!/bin/sh
# Makes roles and database in a new cluster: Patroni calls it once, on the first primary.
#   roles.sh CONNECTION_STRING
set -eu

# private-cluster.sql reads passwords from secrets/.
cd "$(dirname "$0")/.."
exec psql --no-psqlrc --quiet --dbname="$1" --file=etc/private-cluster.sql
