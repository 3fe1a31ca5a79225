#!/bin/sh
# Runs the example of deploy/cluster/ on this machine: three database servers under Patroni with etcd, two API hosts,
# HAProxy before both kinds. This installs what is missing; the rest is in deploy/cluster/local/.
#
#   cluster.sh start               in the background; adds what is missing
#   cluster.sh stop                ends all of it
#   cluster.sh status              tells what is running, and what Patroni says
#   cluster.sh switchover          makes the synchronous standby the primary, without a failed request
#   cluster.sh in HOST COMMAND...  runs a command where HOST is: pg1, pg2, pg3, api1, api2 or front
#   cluster.sh atelier-qa HOST COMMAND...  the service's program with the settings of that host: pause, resume, ...
#   cluster.sh patronictl ...      Patroni's tool for operators
#   cluster.sh psql ...            psql as the superuser, on the primary
#
# Each host is a network namespace of its own where root starts it, else an address of the loopback.
#
# Settings: PORT (8080; the six after it are taken too), QA_STATE_DIR (.local-cluster), QA_SAMPLE_PRODUCTS (1000), and
# those of `atelier-qa serve --help`, for both API hosts.
set -eu

deploy=$(cd "$(dirname "$0")" && pwd -P)
case ${1:-} in start) "$deploy/install-packages.sh" cluster ;; esac
exec /usr/bin/python3 -EsB "$deploy/cluster/local" "$@"
