#!/bin/sh
# Model-checks the response cache's coherence (coherence.pml), how services find one memory for it
# (rendezvous.pml), what NGINX shows of that (nginx.pml), what several hosts show (hosts.pml) and standbys (standbys.pml), and the
# coherence of the ready-made pages (product_pages.pml): each holds, and each deliberate fault breaks it. Needs spin and gcc, about a
# minute of one processor and less than 2 GB, half a minute of two.
#   run.sh                    checks everything, one line each; exit status 1 when something fails
#   run.sh MODEL FAULT_NAME   prints a shortest counter-example for that fault, step by step
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
mkdir "$folder/largest" "$folder/others"
cp ./*.pml "$folder/largest"
cp ./*.pml "$folder/others"
cd "$folder/others"

pass() {
    echo "ok    $1"
}

fail() {
    echo "FAIL  $1"
    sed 's/^/      /' report
}

# Explores a model; what the tools say goes to the file `report`.
explore() {  # explore MODEL GCC-OPTIONS [SPIN-OPTIONS]
    rm -f pan ./*.trail
    # shellcheck disable=SC2086  # the options are words
    if spin -a ${3:-} "$1.pml" >report 2>&1 &&
        gcc -w -DSAFETY $2 -DMEMLIM=1900 -o pan pan.c >>report 2>&1; then
        ./pan -m1000 -w24 >>report 2>&1 || echo "pan: exit status $?" >>report
    fi
}

figure() {  # figure BEFORE AFTER: the number between
    sed -nE "s/^(.*[^0-9])?$1([0-9]+)$2.*/\\2/p" report | head -n 1
}

# Every order of steps was seen, and none is wrong.
holds() {  # holds MODEL SPIN-OPTIONS [some]: some steps are never taken
    explore "$1" "-O2 -DCOLLAPSE" "$2"
    name="$1${2:+ $2}"
    if grep -q 'errors: [1-9]' report; then
        fail "$name: there is a counter-example"
    elif ! grep -q 'errors: 0$' report ||
        grep -qE 'not completed|too small|truncated|exit status' report; then
        fail "$name: not everything was seen"
    elif [ $# -eq 2 ] && grep "$1.pml:.* state " report | grep -vq -- '-end-'; then
        fail "$name: some steps are never taken"
    else
        states=$(figure '' ' states, stored')
        steps=$(figure 'depth reached ' ',')
        pass "$name: holds in all of $states states, up to $steps steps deep"
    fi
}

# Breadth first, so that the counter-example is a shortest one.
breaks() {  # breaks MODEL FAULT ASSERTION WHAT
    explore "$1" "-O1 -DBFS" "-D$2"
    if grep -q "assertion violated.*$3" report; then
        pass "$2: $4, after $(figure '\(at depth ' '\)') steps"
    else
        fail "$2: goes unnoticed"
    fi
}

shows_old() {
    breaks coherence "$1" must_show "a GET shows an old page"
}

keeps_old() {
    breaks coherence "$1" 'ring.filled' "an old page is kept"
}

has_two() {
    breaks rendezvous "$1" orphans "two memories are in use"
}

serves_wrongly() {
    breaks nginx "$1" 'memories\[mapped\]' "NGINX serves an old page, or one of other settings"
}

shows_outdated() {
    breaks product_pages "$1" 'page==database' "an outdated page is shown"
}

shows_old_elsewhere() {  # shows_old_elsewhere FAULT [SPIN-OPTION]
    breaks hosts "$1 -DLOSSES=0 ${2--DWITHOUT_FAILOVER}" 'must_show' "a host shows an old page"
}

shows_old_by_standby() {
    breaks standbys "$1" 'must' "a standby shows an old page"
}

if [ $# -gt 0 ]; then
    explore "$1" "-O1 -DBFS" "-D$2"
    spin -t -p -g "-D$2" "$1.pml"
    exit
fi

largest() {
    holds coherence "-DREADERS=3 -DWRITES=1 -DWITHOUT_NGINX" some
    holds coherence "-DREADERS=2 -DWRITES=2"
}

others() {
    shows_old FAULT_VERSION_BEFORE_COMMIT
    shows_old FAULT_ANSWER_BEFORE_VERSION
    shows_old FAULT_NOTE_AFTER_QUERY
    shows_old FAULT_JOIN_ANY_FLIGHT
    shows_old FAULT_PAGE_OF_ANY_VERSION
    shows_old FAULT_NGINX_NOTES_EARLY
    keeps_old FAULT_FULL_AGE
    keeps_old FAULT_AGE_BEFORE_NOTE
    keeps_old FAULT_EPOCH_BEFORE_TIME
    keeps_old FAULT_VALID_AFTER_DEATH
    holds rendezvous "-DDEATHS=2"
    has_two FAULT_WORKERS_ARE_NOT_PRESENT
    has_two FAULT_NOBODY_LOOKS_WHO_IS_PRESENT
    has_two FAULT_ASK_BEFORE_BEING_PRESENT
    holds nginx ""
    serves_wrongly FAULT_NEW_WHILE_OTHERS_LIVE
    serves_wrongly FAULT_TAKES_OVER_AS_IT_IS
    serves_wrongly FAULT_NGINX_KEEPS_THE_MEMORY
    serves_wrongly FAULT_NOT_VOUCHED_FOR
    serves_wrongly FAULT_ANY_EDITION
    holds product_pages ""
    shows_outdated FAULT_NO_MARK
    shows_outdated FAULT_MARK_AFTER_COMMIT
    shows_outdated FAULT_NO_LOCK
    shows_outdated FAULT_MARKS_LAST
    holds hosts "-DWITHOUT_FAILOVER" some
    holds hosts "-DLOSSES=0" some
    holds hosts "-DLOSSES=0 -DSYNCHRONOUS" some
    shows_old_elsewhere FAULT_NO_LEASE
    shows_old_elsewhere FAULT_RAISED_ON_RECEIPT
    shows_old_elsewhere FAULT_LEASE_FROM_END_OF_ROUND
    shows_old_elsewhere FAULT_WAIT_WITHOUT_MARGIN
    shows_old_elsewhere FAULT_WAIT_SHORTER_THAN_LEASE
    shows_old_elsewhere FAULT_WAIT_FROM_BEFORE_COMMIT
    shows_old_elsewhere FAULT_LEASE_AFTER_VERSION
    shows_old_elsewhere FAULT_TIME_FROM_BEFORE_THE_REQUEST
    shows_old_elsewhere FAULT_NOTE_AFTER_QUERY
    shows_old_elsewhere FAULT_WITHOUT_XIP
    shows_old_elsewhere FAULT_OLD_PRIMARY_ANSWERS ""
    holds standbys "" some
    shows_old_by_standby FAULT_UNCHECKED
    shows_old_by_standby FAULT_POSITION_WITH_PAGE
    shows_old_by_standby FAULT_VERSION_BEFORE_POSITION
    shows_old_by_standby FAULT_POSITION_BEFORE_SNAPSHOT
    shows_old_by_standby FAULT_NEEDED_BEFORE_VERSION
    shows_old_by_standby FAULT_STANDBY_WITHOUT_LEASE
    shows_old_by_standby FAULT_RAISES_OF_OTHERS_NOT_NOTED
}

(cd "$folder/largest" && largest) >"$folder/output" &
others | tee "$folder/report"
wait $!
tee -a "$folder/report" <"$folder/output"
passed=$(grep -c '^ok' "$folder/report") || true
failed=$(grep -c '^FAIL' "$folder/report") || true
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
