#!/usr/bin/env bash
# Tests the containers on the Docker engine that is there, or, where none is and we are root, on
# one of our own. Images that cannot be pulled get a stand-in made of Debian packages.
#   run.sh                the tests; further arguments are pytest's
#   run.sh --if-engine    where no engine is there, only says so
#
# It promises to leave nothing behind: no container, network, volume, image, process or folder of
# ours, and, of an engine of our own, no bridge and no packet filter rule.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
PATH=$PATH:/usr/sbin:/sbin
checkout=$(dirname "$(dirname "$here")")
folder=""       # of an engine of our own
daemon=""       # its process
made_images=()  # stand-ins

fail() {
    echo "test-compose: $*" >&2
    exit 1
}

engine_is_there() {
    docker info >/dev/null 2>&1
}

bridge_is_there() {
    [[ -e /sys/class/net/docker0 ]]
}

start_engine() {
    ((EUID == 0)) || fail "no Docker engine is there, and only root can start one"
    folder=$(mktemp -d /tmp/atelier-qa-engine.XXXXXX)
    ! bridge_is_there || touch "$folder/had-bridge"
    iptables-save >"$folder/packet-filter.part"
    mv "$folder/packet-filter.part" "$folder/packet-filter"
    cat /proc/sys/net/ipv4/ip_forward >"$folder/forwarding"
    echo '{}' >"$folder/daemon.json"
    export DOCKER_HOST=unix://$folder/docker.sock
    # In a session of its own: Ctrl-C is for the tests, which then clean up with its help.
    setsid dockerd --host "$DOCKER_HOST" --data-root "$folder/data" --exec-root "$folder/exec" \
        --pidfile "$folder/docker.pid" --config-file "$folder/daemon.json" \
        >"$folder/dockerd.log" 2>&1 &
    daemon=$!
    for ((try = 0; try < 300; try++)); do
        ! engine_is_there || return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$folder/dockerd.log" >&2
    fail "the engine does not start"
}

restore_packet_filter() {
    # A table that was not there is emptied.
    grep -qx '\*filter' "$folder/packet-filter" ||
        printf '*filter\n:%s ACCEPT\n:%s ACCEPT\n:%s ACCEPT\nCOMMIT\n' INPUT FORWARD OUTPUT >>"$folder/packet-filter"
    grep -qx '\*nat' "$folder/packet-filter" ||
        printf '*nat\n:%s ACCEPT\n:%s ACCEPT\nCOMMIT\n' PREROUTING POSTROUTING >>"$folder/packet-filter"
    iptables-restore <"$folder/packet-filter"
}

stop_engine() {
    [[ -z $daemon ]] || { kill "$daemon" 2>/dev/null && wait "$daemon"; } || true
    awk -v folder="$folder/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r |
        xargs --no-run-if-empty umount || echo "test-compose: $folder is still mounted" >&2
    if [[ ! -e $folder/had-bridge ]] && bridge_is_there; then
        ip link delete docker0
    fi
    [[ ! -e $folder/packet-filter ]] || restore_packet_filter
    [[ ! -s $folder/forwarding ]] || cat "$folder/forwarding" >/proc/sys/net/ipv4/ip_forward
    rm -rf --one-file-system "$folder"
}

make_debian() {
    local root
    ((EUID == 0)) || fail "$1 cannot be pulled, and only root can make one"
    root=$(mktemp -d)
    debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 || {
        tail -n 5 "$root.log" >&2
        rm -rf "$root" "$root.log"
        fail "$1 cannot be pulled and not be made"
    }
    rm -f "$root"/var/cache/apt/archives/*.deb
    tar --create --directory="$root" . | docker import - "$1" >/dev/null
    rm -rf "$root" "$root.log"
}

make_postgres() {
    docker build --quiet --tag "$1" "$here/postgres" >/dev/null 2>&1
}

make_k6() {
    make --silent -C "$checkout" build/tools/k6
    printf 'FROM debian:bookworm-slim\nCOPY k6 /usr/local/bin/\nENTRYPOINT ["k6"]\n' |
        docker build --quiet --tag "$1" --file - "$checkout/build/tools" >/dev/null 2>&1
}

provide() {  # provide IMAGE COMMAND: which makes it where it is not there and cannot be pulled
    if docker image inspect "$1" >/dev/null 2>&1 || docker pull --quiet "$1" >/dev/null 2>&1; then
        return 0
    fi
    echo "$1 cannot be pulled: making a stand-in"
    "$2" "$1"
    made_images+=("$1")
}

on_exit() {
    local status=$?
    trap '' INT TERM
    if [[ -n $folder ]]; then
        stop_engine
    else
        ((${#made_images[@]} == 0)) || docker image rm "${made_images[@]}" >/dev/null || status=1
    fi
    exit "$status"
}

if [[ ${1:-} == --if-engine ]]; then
    shift
    if ! engine_is_there; then
        echo "No Docker engine is there: the containers are not tested (make test-compose starts one)."
        exit 0
    fi
fi
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
engine_is_there || start_engine
provide debian:bookworm-slim make_debian
provide postgres:15 make_postgres
provide grafana/k6:1.8.1 make_k6
/usr/bin/python3 -m pytest "$here" "$@"
