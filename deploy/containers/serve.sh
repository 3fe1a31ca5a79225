#!/bin/sh
# `atelier-qa serve` as one of several containers behind one NGINX. They share the folder
# /run/atelier-qa, by which they find the memory that they share. It holds a folder for each container, by
# its host name:
#   worker0.sock, …   its workers
#   alive             is locked as long as the container lives, however it ends
#   serving           is there from when the workers answer until the container is told to stop
#
# It promises that a container that is told to stop loses its slots in NGINX (nginx.sh) before its
# workers drain: not even a write, which NGINX does not send again, is refused.
set -eu

here=$(dirname "$0")
own=/run/atelier-qa/$(hostname)
seconds_to_leave=1  # nginx.sh looks five times a second
stopping=""

# shellcheck disable=SC2317  # the trap calls it
stop() {
    [ -z "$stopping" ] || return 0
    stopping=1
    rm -f "$own/serving"
    sleep "$seconds_to_leave"
    kill -s TERM "$service" 2>/dev/null || true
}

# One container at a time; what killed ones have left is removed.
exec 8>/run/atelier-qa/lock
flock 8
for alive in /run/atelier-qa/*/alive; do
    [ ! -e "$alive" ] || ! flock --nonblock "$alive" true || rm -rf "${alive%/*}"
done
mkdir -p "$own"
exec 9>"$own/alive"
flock 9
exec 8>&-

# The cache counts towards the container's limit of memory.
[ -n "${QA_CACHE_MB:-}${QA_SHARED_CACHE_MB:-}" ] || export QA_CACHE_MB=128

atelier-qa serve --listen "unix:$own/worker" "$@" &
service=$!
trap stop TERM INT
trap 'kill -s HUP "$service"' HUP

while [ -z "$stopping" ] && kill -0 "$service" 2>/dev/null; do
    if "$here/is-alive.sh" >/dev/null 2>&1; then
        [ -n "$stopping" ] || touch "$own/serving"
        break
    fi
    sleep 0.2
done

status=0
while kill -0 "$service" 2>/dev/null; do  # a signal ends the wait
    status=0
    wait "$service" || status=$?
done
rm -rf "$own"
exit "$status"
