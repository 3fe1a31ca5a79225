#!/bin/sh
# Whether all workers of this container answer; touches no database.
set -eu

ask() {
    curl --silent --fail --noproxy '*' --max-time 2 --output /dev/null "$@"
}

setting() {  # as the service has it from the environment, a file or by default
    printf '%s\n' "$settings" | sed -n "s/^#*$1=//p"
}

own=/run/atelier-qa/$(hostname)
settings=$(atelier-qa settings 2>/dev/null)
listen=$(setting QA_LISTEN)
[ ! -d "$own" ] || listen=unix:$own/worker  # serve.sh runs here

worker=0
while [ "$worker" -lt "$(setting QA_WORKERS)" ]; do
    case $listen in
    unix:*) ask --unix-socket "${listen#unix:}$worker.sock" http://worker/healthz ;;
    *) ask "http://127.0.0.1:$((${listen##*:} + worker))/healthz" ;;
    esac
    worker=$((worker + 1))
done
