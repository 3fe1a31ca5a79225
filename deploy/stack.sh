#!/bin/sh
# Runs Atelier Q&A on this machine: a private PostgreSQL cluster, the service and NGINX, with all that they
# write in one state directory. This installs what is missing, Python among it; the rest is in deploy/stack/.
#
#   stack.sh run      in the foreground, until Ctrl-C or until a part ends
#   stack.sh start    in the background; adds the parts that are missing
#   stack.sh stop     ends all parts
#   stack.sh reload   has it read settings, secrets and certificate anew, without a lost request
#   stack.sh status   tells what is running
#
# Settings: PORT (8080), QA_STATE_DIR (.local), DATABASE_URL or DATABASE_URL_FILE (a database of yours instead
# of the private cluster), QA_SAMPLE_PRODUCTS (1000; 0 = no sample data), the settings of configure-nginx.sh and
# those of `atelier-qa serve --help`, from the environment or from the file that QA_ENV_FILE names; from the
# environment alone SANITIZE and FAULT.
#
# As root, it installs, builds, makes the state directory, and does all else as that directory's owner, which is
# the system user postgres unless it exists and says otherwise (deploy/stack/owner.py).
set -eu

deploy=$(cd "$(dirname "$0")" && pwd -P)
case ${1:-} in run | start) "$deploy/install-packages.sh" ;; esac
exec /usr/bin/python3 -EsB "$deploy/stack" "$@"
