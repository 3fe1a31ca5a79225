#!/usr/bin/env bash
# Runs Atelier Q&A on this machine: a private PostgreSQL cluster, the service and NGINX, with all
# that they write in one state directory.
#
#   stack.sh run      in the foreground, until Ctrl-C or until a part ends
#   stack.sh start    in the background; adds the parts that are missing
#   stack.sh stop     ends all parts
#   stack.sh status   tells what is running
#
# Settings: PORT (8080), QA_STATE_DIR (.local), DATABASE_URL or DATABASE_URL_FILE (a database of
# yours instead of the private cluster), QA_SAMPLE_PRODUCTS (1000; 0 = no sample data), the settings
# of configure-nginx.sh and those of `atelier-qa serve --help`, from the environment or from the file
# that QA_ENV_FILE names; from the environment alone SANITIZE and FAULT.
#
# It promises: a start that was cut short anywhere, even by kill -9 or a power failure, is
# completed by the next one; what fails to start leaves nothing running that this start began; only
# its own processes are ever ended, by their ids; no secret is on a command line.
#
# As root, it installs, builds, makes the state directory, and does all else as that directory's
# owner, which is the system user postgres unless it exists and says otherwise (as-owner.sh).
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin

deploy=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
checkout=$(dirname "$deploy")
seconds_to_ready=120  # on a small and busy machine; what ends is told at once
for variable in DATABASE_URL_FILE QA_OWNER_DATABASE_URL_FILE QA_ENV_FILE; do
    [[ -z ${!variable:-} ]] || export "$variable=$(realpath --canonicalize-missing "${!variable}")"
done

say() {
    echo "$*" 2>/dev/null || true  # who listens may have gone
}

fail() {
    echo "Atelier Q&A: $*" >&2
    exit 1
}

# shellcheck source=deploy/processes.sh
source "$deploy/processes.sh"
# shellcheck source=deploy/private-cluster.sh
source "$deploy/private-cluster.sh"
# shellcheck source=deploy/as-owner.sh
source "$deploy/as-owner.sh"

# ---- Settings ------------------------------------------------------------------------------------

# Where root has handed over: `stack.sh as-owner STATE COMMAND`, from a copy of the checkout.
handed=false
if [[ ${1:-} == as-owner && $# -eq 3 && $EUID -ne 0 ]]; then
    handed=true handed_state=$2 handed_command=$3
fi
bare=()  # what a part is put behind, so that it has no capability that it does not need
! $handed || bare=(setpriv --inh-caps=-all --ambient-caps=-all --)

declare -A setting=()  # of the program: what it has from the environment, QA_ENV_FILE or by default
declare -A given=()    # those of them that are not by default
program=""             # as it was built last

# Stacks may share a checkout: only one builds at a time.
build_program() {
    MAKEFLAGS='' flock "$checkout/Makefile" make --silent -C "$checkout" -j "$(nproc)" build ||
        fail "the build failed"
}

# The program knows what a settings file means, and which numbers are right.
read_settings() {
    local variant=release own elsewhere line
    [[ -z ${SANITIZE:-} ]] || variant=sanitize
    program=$checkout/build/$variant${FAULT:+-$FAULT}/atelier-qa
    [[ -x $program ]] || return 1
    own=$("$program" settings) && elsewhere=$("$program" settings --elsewhere) || return 1
    while IFS= read -r line; do
        [[ $line == \#* ]] || given[${line%%=*}]=true
        line=${line#\#}
        setting[${line%%=*}]=${line#*=}
    done <<<"$own"
    # For configure-nginx.sh, and below. Those of the program stay in the file, for a reload.
    while IFS= read -r line; do
        [[ -z $line ]] || export "${line?}"
    done <<<"$elsewhere"
}

in_quotes() {  # as a shell needs it
    if [[ $1 =~ ^[A-Za-z0-9/._+@%:,-]+$ ]]; then echo "$1"; else echo "${1@Q}"; fi
}

settle() {
    state=${QA_STATE_DIR:-$checkout/.local}
    [[ -z ${given[QA_STATE_DIR]:-} ]] || state=${setting[QA_STATE_DIR]}
    [[ $state == /* ]] || state=$PWD/$state
    ! $handed || state=$handed_state
    port=${PORT:-8080}
    sample_products=${QA_SAMPLE_PRODUCTS:-1000}
    [[ $sample_products =~ ^(0|[1-9][0-9]{0,6}|10000000)$ ]] || fail \
        "QA_SAMPLE_PRODUCTS must be a whole number from 0 to 10000000, not '$sample_products'"
    private_cluster=true
    [[ -z ${given[DATABASE_URL]:-} ]] || private_cluster=false
    stop_command="make stop"
    if [[ -n ${QA_STATE_DIR:-} ]]; then
        stop_command="QA_STATE_DIR=$(in_quotes "$QA_STATE_DIR") $stop_command"
    elif [[ -n ${given[QA_STATE_DIR]:-} ]]; then
        stop_command="QA_ENV_FILE=$(in_quotes "$QA_ENV_FILE") $stop_command"
    fi
    endings[service]="TERM $((${setting[QA_DRAIN_TIMEOUT_MS]:-8000} / 1000 + 4)) KILL 2"
    [[ -z ${given[QA_LISTEN]:-} ]] || export QA_LISTEN=${setting[QA_LISTEN]}
}

# ---- The state directory -------------------------------------------------------------------------

# Runs a command out of reach of the terminal's Ctrl-C.
apart() {
    setsid --wait "${bare[@]}" "$@"
}

prepare_state() {
    mkdir -p "$state"
    [[ -O $state ]] || fail "$state belongs to $(stat -Lc %U "$state"); set QA_STATE_DIR"
    refuse_foreign_folder
    enter_state
    local folder
    for folder in bin nginx log; do
        mkdir -p "$folder"
        [[ -O $folder ]] || fail "$state/$folder belongs to $(stat -Lc %U "$folder"); remove it"
    done
    mkdir -p -m 700 secrets
    find . -maxdepth 1 -type d -name 'handed.*' -mmin +60 -exec rm -rf {} +
}

# From here on the working directory is the state directory.
enter_state() {
    cd "$state"
    state=$(pwd -P)
    [[ -w . ]] || fail "$state belongs to $(stat -c %U .); you may not change it"
}

# Only one stack.sh at a time starts or stops what is in this state directory. The kernel lets go
# of the lock when its holder and his helpers, such as initdb, end in whatever way; the parts are
# started without it.
lock_state() {
    exec 9<"$state"
    flock --nonblock 9 || say "Another start or stop is under way: waiting for it"
    flock --timeout 300 9 || fail "gave up waiting"
}

unlock_state() {
    exec 9>&-
}

# Sockets are in run/, or, where that path is too long for a socket (107 bytes) or has characters
# that a configuration file would misread, in a private folder that run/ is a link to.
prepare_sockets() {
    local parent=/tmp
    if [[ -w ${XDG_RUNTIME_DIR:-} ]]; then
        parent=$XDG_RUNTIME_DIR
    fi
    if ((${#state} <= 80)) && [[ $state =~ ^[A-Za-z0-9/._+@-]+$ ]]; then
        [[ ! -L run ]] || remove_sockets
        apart mkdir -p -m 700 run
    elif [[ ! -L run || $(stat -Lc %u run 2>/dev/null) != $(stat -c %u .) ]]; then
        [[ -L run ]] || rm -rf run
        ln -sfnT "$(apart mktemp -d "$parent/atelier-qa.XXXXXX")" run
    fi
    sockets=$(cd run && pwd -P)
    export QA_LISTEN=${QA_LISTEN:-unix:$sockets/worker}
}

remove_sockets() {
    if [[ -L run && $(readlink run) == */atelier-qa.?????? ]]; then
        rm -rf "$(readlink run)" run
    fi
}

# ---- All parts ------------------------------------------------------------------------------------

stop_all() {
    local part
    rm -f started
    for part in "${parts[@]}"; do
        stop_part "$part"
    done
    stop_orphans_of_nginx
    remove_sockets
}

ready() {
    [[ $(curl --silent --noproxy '*' --max-time 5 --output /dev/null --write-out '%{http_code}' \
        "http://127.0.0.1:$port/readyz") == 200 ]]
}

healthy() {
    local part
    [[ -e started ]] || return 1
    for part in "${parts[@]}"; do
        pid_of "$part" >/dev/null || [[ $part == postgres && $(<started) == external ]] || return 1
    done
    ready
}

# ---- Starting, one part at a time ----------------------------------------------------------------

began=()  # the parts that this start began

begin() {
    began+=("$1")
    rotate "${log[$1]}"
}

rotate() {  # keeps a log and its predecessor from filling the disk
    find "$1" -size +100M -exec mv {} {}.old \; 2>/dev/null || true
}

# A copy of our own, which a later build does not disturb.
install_program() {
    if ! pid_of service >/dev/null; then
        install -m 755 "$program" bin/atelier-qa.new
        mv bin/atelier-qa.new bin/atelier-qa
    fi
}

port_is_taken() {  # whether anything listens on $1: 0A is the state, the port is hexadecimal
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$(printf ':%04X' "$1")" \
            '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

configure_nginx() {
    export QA_ACCESS_LOG=${QA_ACCESS_LOG:-../log/access.log}
    export QA_ERROR_LOG=${QA_ERROR_LOG:-../${log[nginx]}}
    "$deploy/configure-nginx.sh" nginx || exit 1
    stop_orphans_of_nginx
    ! port_is_taken "$port" || fail "port $port is in use; set PORT to another one, as in: make run PORT=8081"
    rm -f port
    echo "$port" >port
}

publish_files() {
    rm -rf nginx/web nginx/reference nginx/photos
    cp -Rp "$checkout/web" nginx/web
    flock "$checkout/Makefile" cp -Rp "$checkout/build/reference" "$checkout/build/photos" nginx
    chmod -R u+rwX,go+rX nginx/web nginx/reference nginx/photos
}

migrate() {
    apart bin/atelier-qa migrate >log/migrate.log 2>&1 || {
        cat log/migrate.log >&2
        fail "the migration failed, see $state/log/migrate.log"
    }
}

start_service() {
    ! pid_of service >/dev/null || return 0
    rm -f service.pid
    begin service
    # The process writes its own id, so that no moment is left in which it runs unrecorded.
    (
        unset QA_OWNER_DATABASE_URL QA_OWNER_DATABASE_URL_FILE
        cd bin
        # shellcheck disable=SC2016
        exec setsid --fork "${bare[@]}" bash -c 'echo $$ >../service.pid && exec "$@"' - \
            "$state/bin/atelier-qa" serve </dev/null >>"../${log[service]}" 2>&1 8>&- 9>&-
    )
    local deadline=$((SECONDS + seconds_to_ready))
    while ((SECONDS <= deadline)); do
        [[ ! -s service.pid ]] || return 0
        sleep 0.02
    done
    fail "the service does not start, see $state/${log[service]}"
}

start_nginx() {
    ! pid_of nginx >/dev/null || return 0
    begin nginx
    rotate log/access.log
    # A relative prefix: NGINX takes a $ in a path for a variable.
    if ! (
        cd nginx || exit
        chrt --batch --pid 0 "$BASHPID" || true  # as a worker does (src/process/worker.c)
        ((port < 1024)) || exec setsid --wait "${bare[@]}" nginx -p . -c nginx.conf -e stderr
        exec setsid --wait nginx -p . -c nginx.conf -e stderr
    ) </dev/null >/dev/null 2>log/nginx-start.log 8>&- 9>&-; then
        cat log/nginx-start.log >&2
        fail "NGINX does not start"
    fi
}

# Whether the workers have their sockets: NGINX logs an error for each that it cannot reach.
listening() {
    case $QA_LISTEN in
    unix:*) [[ -S ${QA_LISTEN#unix:}$((QA_WORKERS - 1)).sock ]] ;;
    *) port_is_taken $((${QA_LISTEN##*:} + QA_WORKERS - 1)) ;;
    esac
}

wait_until() {  # wait_until CONDITION, a command
    local deadline=$((SECONDS + seconds_to_ready))
    until "$1"; do
        if ! pid_of service >/dev/null; then
            last_words service
            fail "the service has ended, see $state/${log[service]}"
        fi
        if ((SECONDS > deadline)); then
            last_words service
            fail "not ready after $seconds_to_ready seconds, see $state/log"
        fi
        sleep 0.05
    done
}

start() {
    export QA_WORKERS QA_STATE_DIR=$state
    QA_WORKERS=$(if [[ -n ${given[QA_WORKERS]:-} ]]; then echo "${setting[QA_WORKERS]}"; else nproc; fi)
    local part
    for part in "${parts[@]}"; do
        [[ ! -e started ]] || pid_of "$part" >/dev/null ||
            [[ $part == postgres && $private_cluster == false ]] || say "$part has ended: starting it again"
    done
    # What is added to a running part must agree with it.
    if pid_of nginx >/dev/null || pid_of service >/dev/null; then
        QA_WORKERS=$(wc -l <nginx/workers.conf)
    fi
    more_files
    pid_of nginx >/dev/null || configure_nginx
    install_program
    pid_of nginx >/dev/null || publish_files
    if $private_cluster; then
        # shellcheck disable=SC2086
        unset DATABASE_URL ${!PG@}  # libpq's variables are about servers of the caller's
        start_postgres
        prepare_database
    fi
    migrate
    ! $private_cluster || load_sample_data
    start_service
    wait_until listening
    start_nginx
    wait_until ready
    if $private_cluster; then echo private; else echo external; fi >started
}

say_where() {  # say_where HOW_TO_STOP
    say "
  demo page   http://localhost:$port/demo/
  the API     curl 'http://localhost:$port/qa/questions?product_id=1'
  reference   http://localhost:$port/docs/
  logs        $state/log/
  stop        $1
"
}

# ---- The commands --------------------------------------------------------------------------------

foreground=false  # whether all parts end with this script

on_exit() {
    local status=$? part
    trap '' INT TERM HUP
    ! $handed || rm -rf "$checkout"
    if $foreground; then
        say "Stopping"
        lock_state
        stop_all
        say "Stopped"
    elif ((${#began[@]})); then
        sleep 0.3  # an interrupted start: what was just launched writes its id first
        for part in "${parts[@]}"; do
            [[ " ${began[*]} " != *" $part "* ]] || stop_part "$part"
        done
        for part in "${parts[@]}"; do
            ! pid_of "$part" >/dev/null || exit "$status"
        done
        remove_sockets
    fi
    exit "$status"
}

# Shows the logs until a part ends, `stop` is called elsewhere or the terminal goes away.
follow() {
    local part terminal=false
    [[ ! -t 1 ]] || terminal=true
    setsid tail --follow=name --lines=0 --quiet --pid=$$ "${log[@]}" 2>/dev/null 8>&- 9>&- &
    while [[ -e started ]] && { ! $terminal || [[ -t 1 ]]; }; do
        for part in "${parts[@]}"; do
            [[ $part == postgres && $private_cluster == false ]] || pid_of "$part" >/dev/null ||
                [[ ! -e started ]] || fail "$part has ended, see $state/${log[$part]}"
        done
        sleep 1 &
        wait $!
    done
}

trap on_exit EXIT
trap '' PIPE
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

command=${1:-}
if $handed; then command=$handed_command; fi
case $command in
run | start)
    if ! $handed; then
        "$deploy/install-packages.sh" || exit 1
        build_program
    fi
    read_settings || exit 1
    settle
    ((EUID != 0)) || become_owner
    prepare_state
    if [[ $command == run ]]; then
        [[ ! -e foreground || -O foreground ]] || rm -f foreground
        exec 8>>foreground
        flock --nonblock 8 || fail "running in the foreground elsewhere; to end it: $stop_command"
    fi
    lock_state
    prepare_sockets
    ! pid_of nginx >/dev/null || port=$(<port)
    if [[ $command == start ]] && healthy; then
        say "Atelier Q&A is running already."
    else
        start
        say "Atelier Q&A is running."
    fi
    if [[ $command == start ]]; then
        began=()
        say_where "$stop_command"
        exit 0
    fi
    foreground=true
    unlock_state
    say_where "Ctrl-C"
    trap 'exit 0' INT TERM HUP
    follow
    ;;
stop)
    read_settings || true  # what is wrong is told, and no reason to go on running
    settle
    [[ ! -d $state ]] || ((EUID != 0)) || become_owner
    if [[ -d $state ]] && ((EUID != 0)); then
        enter_state
        lock_state
        stop_all
    fi
    say "Atelier Q&A is stopped."
    ;;
status)
    read_settings || true
    settle
    [[ ! -d $state ]] || ((EUID != 0)) || become_owner
    if ! [[ -d $state ]] || ((EUID == 0)); then
        fail "nothing was ever started in $state"
    fi
    enter_state
    ! pid_of nginx >/dev/null || port=$(<port)
    for part in "${parts[@]}"; do
        say "$part: $(pid_of "$part" || echo "not running")"
    done
    healthy || fail "not ready"
    say_where "$stop_command"
    ;;
*)
    fail "usage: stack.sh run | start | stop | status"
    ;;
esac
