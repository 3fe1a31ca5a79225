#!/bin/sh
# Patroni in a container, with the passwords of the volume `secrets`; it works in BASE/node (patroni.yml).
set -eu

PATRONI_SUPERUSER_PASSWORD=$(cat ../secrets/superuser-password)
PATRONI_REPLICATION_PASSWORD=$(cat ../secrets/replication-password)
PATRONI_REWIND_PASSWORD=$(cat ../secrets/rewind-password)
PATRONI_RESTAPI_PASSWORD=$(cat ../secrets/patroni-password)
PATRONI_POSTGRESQL_BIN_DIR=$(ls -d /usr/lib/postgresql/*/bin)
export PATRONI_SUPERUSER_PASSWORD PATRONI_REPLICATION_PASSWORD PATRONI_REWIND_PASSWORD PATRONI_RESTAPI_PASSWORD \
    PATRONI_POSTGRESQL_BIN_DIR
exec patroni ../etc/patroni.yml
