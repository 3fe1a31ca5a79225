#!/bin/sh
# After files of a service that runs under systemd were replaced: makes it run them, and fails no request.
#   upgrade.sh service    migrates, then has new workers take the place of the old ones
#   upgrade.sh nginx      configures NGINX anew; where NGINX or its module is another one now, has a new process take
#                         the place of the old one, on the same sockets
#
# It does nothing where the unit does not run. It changes nothing that runs when a step before fails: the exit status
# is then 1, and standard error says what to do.
set -eu

program=/usr/bin/atelier-qa
service=atelier-qa.service
nginx=atelier-qa-nginx.service
pid_file=/run/atelier-qa-nginx/nginx.pid
SECONDS_TO_RELOAD=15  # the supervisor gives new workers 10
SECONDS_TO_REPLACE=10

is_active() {
    [ -d /run/systemd/system ] && systemctl --quiet is-active "$1"
}

main_pid() {
    systemctl show --property=MainPID --value "$1"
}

give_up() {
    echo "atelier-qa: $*" >&2
    exit 1
}

runs_new() {  # whether process $1 runs the program that is installed now
    [ "$(stat -Lc %d:%i "/proc/$1/exe" 2>/dev/null)" = "$(stat -Lc %d:%i "$program")" ]
}

look_at_workers() {  # sets old and new: whether there are workers of the program before, and of this one
    old=""
    new=""
    children=""
    read -r children 2>/dev/null <"/proc/$1/task/$1/children" || true
    for pid in $children; do
        if runs_new "$pid"; then new=true; else old=true; fi
    done
}

reload() {  # whether workers of the new program serve then
    systemctl reload "$service" || return 1
    supervisor=$(main_pid "$service")
    tries=$((SECONDS_TO_RELOAD * 5))
    look_at_workers "$supervisor"
    while [ "$tries" -gt 0 ] && { [ -z "$new" ] || [ -n "$old" ]; }; do
        sleep 0.2
        tries=$((tries - 1))
        look_at_workers "$supervisor"
    done
    [ -n "$new" ]  # those of a reload that failed have ended by now; old ones may still drain
}

upgrade_service() {
    systemctl daemon-reload
    is_active "$service" || return 0
    systemctl restart atelier-qa-migrate.service ||
        give_up "the schema could not be brought up to date, see: journalctl -u atelier-qa-migrate" \
            "The version before goes on serving. When the reason is mended: atelier-qa-setup"
    reload || {
        echo "atelier-qa: a reload cannot take this step; restarting the service" >&2
        systemctl restart "$service" || give_up "the service does not start; see: journalctl -u atelier-qa"
    }
}

is_replaced() {  # whether process $1 runs an NGINX or a module that is no longer installed
    grep -Eq '/(nginx|ngx_http_qa_pages_module\.so) \(deleted\)$' "/proc/$1/maps"
}

wait_for_new_master() {  # wait_for_new_master OLD
    tries=$((SECONDS_TO_REPLACE * 10))
    while [ "$tries" -gt 0 ]; do
        new=$(cat "$pid_file" 2>/dev/null || true)
        [ -z "$new" ] || [ "$new" = "$1" ] || return 0
        sleep 0.1
        tries=$((tries - 1))
    done
    return 1
}

upgrade_nginx() {
    is_active "$nginx" || return 0
    # The configuration that this version makes; NGINX tests it before anything changes.
    systemctl reload "$nginx" || give_up "NGINX's configuration cannot be made; see: journalctl -u atelier-qa-nginx"
    systemctl start atelier-qa-certificate.timer || true  # NGINX's unit wants it, but only when it starts
    master=$(cat "$pid_file")
    is_replaced "$master" || return 0
    kill -s USR2 "$master"
    wait_for_new_master "$master" ||
        give_up "NGINX of the version before goes on serving. To have the new one: systemctl restart atelier-qa-nginx"
    kill -s QUIT "$master"
}

case ${1:-} in
service) upgrade_service ;;
nginx) upgrade_nginx ;;
*)
    echo "usage: upgrade.sh service|nginx" >&2
    exit 2
    ;;
esac
