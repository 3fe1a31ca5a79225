#!/usr/bin/env bash
# NGINX in a container, in front of the workers of all containers that share /run/atelier-qa
# (serve.sh says what is there).
#
# NGINX knows a fixed number of slots, which are symbolic links to the workers' sockets; where
# workers come or go, the links are changed. It promises so that no client notices: NGINX is never
# reloaded, which would close the clients' idle connections, sometimes just as they send a request.
#
# SIGHUP has it take a renewed certificate at once; it also looks by itself.
#
# Environment: QA_SLOTS (48), at least the number of all workers; QA_TLS_CERTIFICATE and QA_TLS_KEY
# (docker-compose.tls.yml)
set -eu

library=/usr/local/lib/atelier-qa
slots=${QA_SLOTS:-48}
names=$library/settings.txt
turns_between_looks=25  # at certificate and key: 5 s
HELD=75  # flock's exit status where somebody holds the lock

sockets() {  # prints those of all containers that serve
    local serving folder status socket
    for serving in /run/atelier-qa/*/serving; do
        folder=${serving%/*}
        status=0
        flock --nonblock --shared --conflict-exit-code $HELD 8 8<"$folder/alive" 2>/dev/null || status=$?
        [ "$status" -eq $HELD ] || continue
        for socket in "$folder"/worker*.sock; do
            [ ! -S "$socket" ] || echo "$socket"
        done
    done
}

link_slots() {  # link_slots SOCKET...: each has its share
    local slot=0
    while [ "$slot" -lt "$slots" ] && [ $# -gt 0 ]; do
        ln -sfn "$1" "slots/$slot.sock"  # replaces a link in one step
        set -- "$@" "$1"
        shift
        slot=$((slot + 1))
    done
}

follow() {  # changes the links when other workers serve than those in $linked
    local found
    found=$(sockets)
    [ "$found" != "$linked" ] || return 0
    linked=$found
    # Paths without blanks.
    # shellcheck disable=SC2086
    link_slots $linked
}

stamp() {  # of certificate and key, also behind links
    [ -z "${QA_TLS_CERTIFICATE:-}" ] || stat --dereference --format='%i %y' "$QA_TLS_CERTIFICATE" "$QA_TLS_KEY" 2>&1 || true
}

take_renewed_certificate() {
    local found
    found=$(stamp)
    [ "$found" != "$taken" ] || return 0
    taken=$found
    "$library/take-certificate.sh" . || true  # it has told why not; the old one stays
}

# The containers of the service are told by the program.
for name in $(compgen -e QA_ || true); do
    grep -qxF "$name" "$names" || echo "nginx.sh: $name is not a setting; $names has all" >&2
done
if ! [[ $slots =~ ^[1-9][0-9]{0,2}$ ]] || ((slots > 256)); then
    echo "nginx.sh: QA_SLOTS must be a whole number from 1 to 256, not \"$slots\"" >&2
    exit 2
fi
mkdir -p nginx/slots
cd nginx
ln -sfn /usr/local/share/atelier-qa/* .
if [ -n "${QA_TLS_CERTIFICATE:-}" ]; then
    export QA_TLS_PUBLIC_PORT=${QA_TLS_PUBLIC_PORT:-${QA_TLS_PORT:-8443}} QA_TLS_PORT=8443
fi
taken=$(stamp)  # before it is taken: a renewal meanwhile is seen later
PORT=8080 QA_LISTEN=unix:$PWD/slots/ QA_WORKERS=$slots QA_ACCESS_LOG=/dev/stdout QA_ERROR_LOG=stderr \
    "$library/configure-nginx.sh" .
linked=""
follow

chrt --batch --pid 0 "$$" || true  # as a worker does (src/process/worker.c)
nginx -p . -c nginx.conf -e stderr -g 'daemon off;' &
nginx=$!
trap 'kill -s QUIT "$nginx"' TERM INT QUIT  # requests under way are answered first
trap 'taken="" turn=-1' HUP  # the next turn looks, and finds a change

turn=0
while kill -0 "$nginx" 2>/dev/null; do
    sleep 0.2
    follow
    turn=$(((turn + 1) % turns_between_looks))
    [ "$turn" -ne 0 ] || take_renewed_certificate
done
wait "$nginx"
