#!/usr/bin/env bash
# Tests the Debian packages as an administrator uses them, on machines that are made for it (machine.sh): `make
# test-packages`. For each release it builds a version and the one before it in a fresh Debian, and in another one
# installs, starts, restarts, upgrades, rolls back, removes and purges them, under load where clients would notice.
#   run.sh [RELEASE ...]    bookworm trixie
#
#   BEFORE    the commit of the version before, one that has packages (this one, with a lower number)
#
# It needs root, debootstrap, and a mirror, which apt knows. It promises to end by itself and to leave nothing behind:
# no process, mount, cgroup or folder of ours. Packages are left in build/packages/RELEASE/.
# shellcheck disable=SC2016  # words for other shells
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
checkout=$(dirname "$(dirname "$here")")
PATH=$PATH:/usr/sbin:/sbin
PRODUCTS=300
PORT=8080  # of the machine's own loopback
SECONDS_IN_ALL=3000
passed=0
failed=0
figures=()

# shellcheck source=tests/packages/machine.sh
. "$here/machine.sh"

# ---- What is told ----

say() {
    printf '%7.1f s  %s\n' "$(since "$start")" "$*"
}

now() {
    date +%s.%N
}

since() {
    awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f", to - from }'
}

check() {  # check WHAT COMMAND...: counts whether the command succeeds
    local what=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        passed=$((passed + 1))
        say "  passed: $what"
    else
        failed=$((failed + 1))
        say "  FAILED: $what"
        tail -n 15 "$work/check.log" | sed 's/^/             | /'
    fi
}

figure() {  # figure WHAT VALUE
    figures+=("$(printf '%-9s %-58s %s' "$release" "$1" "$2")")
    say "  $1: $2"
}

# ---- What a machine can be asked ----

ask() {  # ask TARGET: the body of a page
    run curl --silent --show-error --fail --max-time 10 "http://127.0.0.1:$PORT$1"
}

is_active() {
    run systemctl --quiet is-active "$1"
}

is_not_active() {
    ! is_active "$1"
}

sql() {
    run setpriv --reuid=postgres --regid=postgres --init-groups psql --no-psqlrc --no-align --tuples-only \
        --dbname=atelier_qa --command="$1"
}

workers_run() {  # workers_run VERSION: whether all workers are of that package
    local supervisor
    supervisor=$(run systemctl show --property=MainPID --value atelier-qa.service)
    [[ $(run atelier-qa --version) == "atelier-qa $1 "* ]] && run sh -ec 'for pid in $(cat "/proc/$1/task/$1/children"); do
            [ "$(stat -Lc %i "/proc/$pid/exe")" = "$(stat -Lc %i /usr/bin/atelier-qa)" ]
        done' - "$supervisor"
}

is_hit() {  # whether NGINX responds with a page itself
    ask "/qa/questions?product_id=1" && ask "/qa/questions?product_id=1" && sleep 1.5
    run grep -q '"ring":"hit"' /var/log/atelier-qa/access.log
}

debs() {  # debs old|new: their names in the machine
    for file in "$work/packages/$1"/*.deb; do
        echo "/packages/$1/${file##*/}"
    done
}

install() {  # install PACKAGE...: with apt, of what fetch() has fetched
    run apt-get --quiet --yes --allow-downgrades install "$@"
}

install_ours() {  # install_ours old|new [PACKAGE...]
    # Names without blanks.
    # shellcheck disable=SC2046
    install $(debs "$1") "${@:2}"
}

# ---- Under load ----

under_load() {  # under_load WHAT COMMAND...: while requests go on; none may fail, and each vote counts once
    local what=$1 before after votes requests wrong status=0 load
    shift
    before=$(sql 'SELECT sum(helpful) FROM questions')
    mkfifo "$work/until"
    nsenter --target "$machine" --net /usr/bin/python3 "$here/load.py" "$PORT" "$PRODUCTS" \
        <"$work/until" >"$work/load.json" &
    load=$!
    exec 7>"$work/until"
    sleep 2
    "$@" >"$work/under-load.log" 2>&1 7>&- || status=$?
    sleep 3
    exec 7>&-
    wait "$load"
    rm "$work/until"
    after=$(sql 'SELECT sum(helpful) FROM questions')
    requests=$(of_load requests)
    wrong=$(of_load failed)
    votes=$(of_load votes)
    figure "$what" "$requests requests in $(of_load seconds) s, $wrong failed $(of_load wrong)"
    if ((status != 0)); then tail -n 20 "$work/under-load.log"; fi
    check "$what succeeds" test "$status" -eq 0
    check "no request fails" test "$wrong" -eq 0
    check "each acknowledged vote is counted once" test $((after - before)) -eq "$votes"
}

of_load() {  # a field of what load.py printed
    /usr/bin/python3 -c 'import json, sys; value = json.load(open(sys.argv[1]))[sys.argv[2]]; print(value or 0)' \
        "$work/load.json" "$1"
}

# ---- The packages ----

copy_checkout() {  # copy_checkout FOLDER: with uncommitted changes, and with the commit, which is in the version
    mkdir -p "$1/build"
    git -C "$checkout" ls-files -z --cached --others --exclude-standard |
        (cd "$checkout" && xargs -0 sh -c 'for file do [ ! -e "$file" ] || printf "%s\0" "$file"; done' -) |
        tar --create --null --directory="$checkout" --files-from=- | tar --extract --directory="$1"
    git clone --quiet --bare --no-hardlinks "$checkout" "$1/.git"
    git -C "$1" config core.bare false
    git -C "$1" reset --quiet
    [[ ! -e $checkout/build/viewer ]] || cp -a "$checkout/build/viewer" "$1/build/"
}

copy_before() {  # copy_before FOLDER: the commit BEFORE
    git clone --quiet --no-hardlinks "$checkout" "$1"
    git -C "$1" checkout --quiet "$BEFORE"
    mkdir -p "$1/build"
    [[ ! -e $checkout/build/viewer ]] || cp -a "$checkout/build/viewer" "$1/build/"
}

is_checked_without_findings() {
    ! grep -E '^[EW]: |not checked' "$work/build.log"
}

build() {  # the version before, and this one, in a Debian of their own
    local root=$work/builder source how
    cp -a "$work/base" "$root"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    copy_checkout "$root/src"
    [[ -z ${BEFORE:-} ]] || copy_before "$root/before"
    inside "$root" apt-get --quiet update
    inside "$root" /src/deploy/install-packages.sh deb
    for kind in old new; do
        source=/src
        [[ $kind == new || -z ${BEFORE:-} ]] || source=/before
        how=()
        [[ $kind == new ]] || how=(unchecked)
        inside "$root" sh -c 'cd "$0" && exec scripts/build-packages.sh "$@"' "$source" "${numbers[$kind]}" "${how[@]}" \
            >"$work/build.log" 2>&1 || {
            tail -n 60 "$work/build.log"
            return 1
        }
        mkdir -p "$work/packages/$kind"
        mv "$root$source"/build/deb/*.deb "$work/packages/$kind/"
        rm -f "$work/packages/$kind"/*-dbgsym_*
        [[ $kind == old ]] || check "lintian finds no error and no warning" is_checked_without_findings
        grep -E '^[EWIP]: ' "$work/build.log" | sed 's/^/             | /' || true
    done
    rm -rf "$root"
    mkdir -p "$checkout/build/packages/$release"
    cp "$work/packages/new"/*.deb "$checkout/build/packages/$release/"
}

fetch() {  # fetch FOLDER: what the machine installs later, when it has no network
    inside "$1" apt-get --quiet update
    # shellcheck disable=SC2046  # names without blanks
    inside "$1" apt-get --quiet --yes --download-only install postgresql nginx logrotate openssl \
        $(debs old)
}

# ---- What is tested ----

test_installation() {
    local began installed
    began=$(now)
    install_ours old postgresql logrotate openssl >"$work/install.log" 2>&1 || {
        tail -n 30 "$work/install.log"
        return 1
    }
    installed=$(now)
    figure "package installed, with PostgreSQL and NGINX" "$(since "$began") s"
    check "nothing starts before there is a database" is_not_active atelier-qa.service
    check "the installation says how to go on" grep -q 'atelier-qa-setup' "$work/install.log"
    check "setup makes a database and starts the service" run atelier-qa-setup --sample "$PRODUCTS"
    for ((try = 0; try < 300; try++)); do
        ! ask '/qa/questions?product_id=1' 2>/dev/null | grep -q question_body || break
        sleep 0.1
    done
    figure "from the installed package to the first answer" "$(since "$installed") s"
    figure "from the beginning of the installation to the first answer" "$(since "$began") s"
    check "a page has its questions" sh -c 'echo "$1" | grep -q question_body' - "$(ask '/qa/questions?product_id=1')"
    check "the service's own user may not read the owner's password" \
        run sh -c '! setpriv --reuid=atelier-qa --regid=atelier-qa --clear-groups cat /etc/atelier-qa/owner.env'
    check "NGINX responds with pages itself" is_hit
    check "the demo page and the reference are served" \
        sh -c 'echo "$1" | grep -q "<html" && echo "$2" | grep -q "<html"' - "$(ask /demo/)" "$(ask /docs/)"
    check "the widget is served" sh -c 'echo "$1" | grep -q product-questions' - "$(ask "/widget/$(ask /demo/ |
        sed -n 's,.*href="../widget/\(.*\)".*,\1,p')")"
    check "it listens on IPv6, too" run curl --silent --fail --output /dev/null "http://[::1]:$PORT/readyz"
    check "setup can be repeated" run atelier-qa-setup
    check "commands run behind setup" sh -c 'echo "$1" | grep -q "^DATABASE_URL=(set)"' - \
        "$(run atelier-qa-setup settings)"
    check "manual pages and completion are there" run sh -c 'ls /usr/share/man/man1/atelier-qa.1.gz \
        /usr/share/man/man8/atelier-qa-setup.8.gz /usr/share/bash-completion/completions/atelier-qa'
    figure "systemd-analyze security atelier-qa" \
        "$(run systemd-analyze security --no-pager atelier-qa.service 2>/dev/null | tail -n 1 || true)"
    figure "systemd-analyze security atelier-qa-nginx" \
        "$(run systemd-analyze security --no-pager atelier-qa-nginx.service 2>/dev/null | tail -n 1 || true)"
}

test_restart() {
    halt
    boot "$root"
    check "after a restart of the machine it serves" run curl --silent --fail --retry 30 --retry-delay 1 \
        --retry-all-errors --output /dev/null "http://127.0.0.1:$PORT/readyz"
}

restart_postgresql() {
    run atelier-qa-setup pause && run systemctl restart postgresql && run atelier-qa-setup resume
}

test_upgrades() {
    under_load "upgrade from the version before" install_ours new
    check "all workers are of the new version" workers_run "${numbers[new]}"
    check "NGINX responds with pages itself, after the upgrade" is_hit
    under_load "upgrade of nginx" install --reinstall nginx
    check "NGINX responds with pages itself, after that" is_hit
}

make_certificate() {  # and its key, which NGINX's user can read; prints the fingerprint
    run sh -ec 'cd /etc/atelier-qa
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
            -out test.pem -keyout test.key 2>/dev/null
        chown atelier-qa-nginx test.key
        openssl x509 -in test.pem -noout -fingerprint'
}

presents() {  # presents FINGERPRINT: whether NGINX has that certificate
    [[ $(run sh -c 'openssl s_client -connect 127.0.0.1:8443 </dev/null 2>/dev/null |
        openssl x509 -noout -fingerprint') == "$1" ]]
}

nginx_workers() {
    run sh -ec 'pid=$(cat /run/atelier-qa-nginx/nginx.pid) && cat "/proc/$pid/task/$pid/children"'
}

are_all_among() {  # are_all_among WORKERS: whether NGINX has started none since
    local pid
    for pid in $(nginx_workers); do
        [[ " $1 " == *" $pid "* ]] || return 1
    done
}

test_certificate() {
    local settings=/etc/atelier-qa/settings.env certificate workers
    certificate=$(make_certificate)
    run sh -ec 'printf "%s\n" QA_TLS_CERTIFICATE=/etc/atelier-qa/test.pem QA_TLS_KEY=/etc/atelier-qa/test.key >>"$0"
        systemctl reload atelier-qa-nginx' $settings
    check "NGINX speaks TLS" run curl --silent --fail --insecure --retry 10 --retry-delay 1 --retry-all-errors \
        --output /dev/null https://127.0.0.1:8443/readyz
    check "with the certificate that the settings name" presents "$certificate"
    check "somebody looks for a renewed one" is_active atelier-qa-certificate.timer
    workers=$(nginx_workers)
    certificate=$(make_certificate)
    check "the look succeeds" run systemctl start atelier-qa-certificate.service
    check "a renewed certificate is presented" presents "$certificate"
    check "without a reload of NGINX" are_all_among "$workers"
    run sh -ec 'sed -i /^QA_TLS_/d "$0"
        rm /etc/atelier-qa/test.pem /etc/atelier-qa/test.key
        systemctl reload atelier-qa-nginx' $settings
    check "no key stays without use" run sh -c '! ls /run/atelier-qa-nginx/tls.pem* 2>/dev/null'
}

is_logged() {  # whether requests get lines of the access log, once NGINX's processes have opened the new one
    for ((try = 0; try < 10; try++)); do
        ask /healthz && sleep 1.5
        ! run test -s /var/log/atelier-qa/access.log || return 0
    done
    return 1
}

test_rotation() {
    check "logs are rotated" run logrotate --force /etc/logrotate.d/atelier-qa
    check "the log of before is there" run test -s /var/log/atelier-qa/access.log.1
    check "NGINX goes on with a new log" is_logged
    check "it belongs to NGINX's user" run sh -c \
        '[ "$(stat -c %U /var/log/atelier-qa/* | sort -u)" = atelier-qa-nginx ]'
}

test_roll_back() {
    under_load "roll back" install_ours old
    check "all workers are of the version before" workers_run "${numbers[old]}"
}

test_removal() {
    check "it can be removed" run apt-get --quiet --yes remove atelier-qa libnginx-mod-http-qa-pages
    check "nothing of it runs" run sh -c '! ls -l /proc/[0-9]*/exe 2>/dev/null | grep atelier-qa'
    check "its NGINX does not run" run sh -c "! curl --silent http://127.0.0.1:$PORT/healthz"
    check "settings stay" run test -s /etc/atelier-qa/database-url
    check "it can be installed again" install_ours new
    run rm /etc/atelier-qa/database-url
    check "a setup that can make no database says so" \
        run sh -c '! PGOPTIONS=-cdefault_transaction_read_only=on atelier-qa-setup'
    check "and begins anew the next time" run test ! -e /etc/atelier-qa/database-url
    check "it serves again" run sh -c "atelier-qa-setup && curl --silent --fail http://127.0.0.1:$PORT/readyz"
    check "it can be purged" run apt-get --quiet --yes purge atelier-qa libnginx-mod-http-qa-pages
    run find / -xdev \( -path /packages -o -path /var/cache/apt \) -prune -o \
        \( -iname '*atelier*' -o -iname '*qa[-_]pages*' \) -print >"$work/left" 2>/dev/null || true
    check "no file is left" sh -c 'cat "$1"; [ ! -s "$1" ]' - "$work/left"
    check "the database stays" sh -c '[ "$1" -gt 0 ]' - "$(sql 'SELECT count(*) FROM questions')"
}

test_release() {
    local root=$work/machine
    say "$release: making a Debian"
    make_root "$work/base" "$release"
    say "$release: building"
    build
    say "$release: installing"
    cp -a "$work/base" "$root"
    cp -a "$work/packages" "$root/packages"
    fetch "$root" >"$work/fetch.log" 2>&1 || { tail "$work/fetch.log"; return 1; }
    boot "$root"
    test_installation
    test_restart
    under_load "restart of PostgreSQL in a pause" restart_postgresql
    test_upgrades
    test_certificate
    test_rotation
    test_roll_back
    test_removal
    halt
}

# ---- Ends ----

on_exit() {
    local status=$?
    trap '' INT TERM
    exec 7>&-
    if ((status != 0)) && [[ -n $machine ]]; then
        run journalctl --no-pager --lines=40 2>/dev/null || true
    fi
    halt
    [[ -z ${work:-} ]] || rm -rf --one-file-system "$work"
    exit "$status"
}

if [[ -z ${ATELIER_QA_BOUNDED:-} ]]; then
    ATELIER_QA_BOUNDED=true exec timeout --foreground --kill-after=60 "$SECONDS_IN_ALL" "$here/run.sh" "$@"
fi
((EUID == 0)) || { echo "test-packages: only root can make a Debian to test in" >&2; exit 1; }
start=$(now)
declare -A numbers=([old]="$(cat "$checkout/VERSION")~before" [new]="$(cat "$checkout/VERSION")")
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$checkout/scripts/build-reference.sh"
(($# > 0)) || set -- bookworm trixie
for release in "$@"; do
    work=$(mktemp -d /tmp/atelier-qa-packages.XXXXXX)
    test_release
    rm -rf --one-file-system "$work"
    work=""
done
printf '\n'
printf '%s\n' "${figures[@]}"
printf '\n%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
