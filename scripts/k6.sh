#!/usr/bin/env bash
# Runs a script of k6/ with the k6 that is at hand: k6.sh SCRIPT [OPTION OF k6 run]...
#
#   k6.sh load              against BASE_URL, or http://localhost:$PORT (8080)
#   k6.sh --own smoke       against a stack of its own, unless BASE_URL is set
#   k6.sh --find            only prints which k6 that is; fails where there is none
#
# At hand is build/tools/k6, which go-tool.sh makes, or one in PATH, from version 1.8 on.
# The stack of its own has a free port and a temporary folder, and is stopped in the end. Reports go
# to SUMMARY_DIR (build/k6). The exit status is k6's: 99 when a threshold was missed.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

version_of() {  # 1.8.1 of "k6 v1.8.1 (go1.25.4, linux/amd64)"
    "$1" version 2>/dev/null | sed -nE '1s/^k6[^ ]* v([0-9]+\.[0-9]+[^ ]*).*/\1/p'
}

is_new_enough() {
    local major minor
    IFS=. read -r major minor _ < <(version_of "$1")
    ((${major:-0} > 1 || (${major:-0} == 1 && ${minor:-0} >= 8)))
}

find_k6() {
    local found
    for found in "$checkout/build/tools/k6" "$(command -v k6)"; do
        ! is_new_enough "$found" || {
            echo "$found"
            return
        }
    done
    [[ -z $found ]] || echo "$found is k6 $(version_of "$found"): these scripts need 1.8 or newer" >&2
    return 1
}

if [[ ${1:-} == --find ]]; then
    find_k6
    exit
fi
own=false
if [[ ${1:-} == --own ]]; then
    own=true
    shift
fi
script=$checkout/k6/${1:-}.js
[[ -n ${1:-} && -f $script ]] || {
    echo "usage: k6.sh [--own] $(cd "$checkout/k6" && echo *.js | sed 's/\.js//g; s/ /|/g')" >&2
    exit 2
}
shift

k6=$(find_k6) || {
    echo "There is no k6: make $(realpath --relative-to="$PWD" "$checkout/build/tools/k6")" >&2
    exit 1
}

port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

folder=
stop() {
    trap '' INT TERM HUP
    QA_STATE_DIR=$folder/state "$checkout/deploy/stack.sh" stop >/dev/null
    rm -rf "$folder"
}

start() {
    local port
    for ((;;)); do
        port=$((20000 + RANDOM % 12000))
        ! port_is_free "$port" || break
    done
    folder=$(mktemp -d /tmp/atelier-k6.XXXXXX)
    chmod 755 "$folder"  # PostgreSQL does not run as root, and must get in
    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    PORT=$port QA_STATE_DIR=$folder/state QA_SAMPLE_PRODUCTS=${PRODUCTS:-200} \
        "$checkout/deploy/stack.sh" start
    export BASE_URL=http://127.0.0.1:$port PRODUCTS=${PRODUCTS:-200}
}

if $own && [[ -z ${BASE_URL:-} ]]; then
    start
fi
export BASE_URL=${BASE_URL:-http://localhost:${PORT:-8080}}
export SUMMARY_DIR=${SUMMARY_DIR:-$checkout/build/k6}
export GOGC=${GOGC:-400}  # memory for processor time: a tenth less, and fewer stalls
mkdir -p "$SUMMARY_DIR"
[[ -t 1 ]] || set -- --quiet "$@"  # no progress bar in a log
"$k6" run --no-usage-report "$@" "$script"
