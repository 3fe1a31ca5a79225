#!/bin/sh
# Whether all workers of this container answer; touches no database.
set -eu

ask() {
    curl --silent --fail --noproxy '*' --max-time 2 --output /dev/null "$@"
}

own=/run/atelier-qa/$(hostname)
if [ -d "$own" ]; then  # serve.sh runs here
    found=""
    for socket in "$own"/*.sock; do
        ask --unix-socket "$socket" http://worker/healthz || exit 1
        found=1
    done
    [ -n "$found" ]
else
    port=${QA_LISTEN##*:}
    last=$((port + ${QA_WORKERS:-$(nproc)} - 1))
    while [ "$port" -le "$last" ]; do
        ask "http://127.0.0.1:$port/healthz" || exit 1
        port=$((port + 1))
    done
fi
