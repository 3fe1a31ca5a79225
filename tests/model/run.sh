#!/bin/sh
# Model-checks the response cache's coherence: coherence.pml holds, and each deliberate fault breaks
# it. Needs spin and gcc, about 40 s of one processor and less than 1 GB.
#   run.sh              checks everything, one line each; exit status 1 when something fails
#   run.sh FAULT_NAME   prints a shortest counter-example for that fault, step by step
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
cp coherence.pml "$folder"
cd "$folder"

passed=0
failed=0

pass() {
    passed=$((passed + 1))
    echo "ok    $1"
}

fail() {
    failed=$((failed + 1))
    echo "FAIL  $1"
    sed 's/^/      /' report
}

# Explores the model; what the tools say goes to the file `report`.
explore() {  # explore READERS WRITES GCC-OPTIONS [FAULT]
    rm -f pan ./*.trail
    # shellcheck disable=SC2086  # the options are words
    if spin -a "-DREADERS=$1" "-DWRITES=$2" ${4:+"-D$4"} coherence.pml >report 2>&1 &&
        gcc -w -DSAFETY $3 -DMEMLIM=1900 -o pan pan.c >>report 2>&1; then
        ./pan -m1000 -w24 >>report 2>&1 || echo "pan: exit status $?" >>report
    fi
}

figure() {  # figure BEFORE AFTER: the number between
    sed -nE "s/^(.*[^0-9])?$1([0-9]+)$2.*/\\2/p" report | head -n 1
}

# Every order of steps was seen, and none is wrong.
holds() {  # holds READERS WRITES
    explore "$1" "$2" "-O2 -DCOLLAPSE"
    name="readers: $1, writes: $2"
    if grep -q 'errors: [1-9]' report; then
        fail "$name: there is a counter-example"
    elif ! grep -q 'errors: 0$' report ||
        grep -qE 'not completed|too small|truncated|exit status' report; then
        fail "$name: not everything was seen"
    elif [ "$2" -eq 2 ] && grep 'coherence.pml:.* state ' report | grep -vq -- '-end-'; then
        fail "$name: some steps are never taken"
    else
        states=$(figure '' ' states, stored')
        steps=$(figure 'depth reached ' ',')
        pass "$name: holds in all of $states states, up to $steps steps deep"
    fi
}

# Breadth first, so that the counter-example is a shortest one.
breaks() {  # breaks FAULT ASSERTION WHAT
    explore 2 1 "-O1 -DBFS" "$1"
    if grep -q "assertion violated.*$2" report; then
        pass "$1: $3, after $(figure '\(at depth ' '\)') steps"
    else
        fail "$1: goes unnoticed"
    fi
}

shows_old() {
    breaks "$1" must_show "a GET shows an old page"
}

keeps_old() {
    breaks "$1" 'cache\[0\]' "an old page is kept and trusted"
}

if [ $# -gt 0 ]; then
    explore 2 1 "-O1 -DBFS" "$1"
    spin -t -p -g -DREADERS=2 -DWRITES=1 "-D$1" coherence.pml
    exit
fi

holds 3 1
holds 2 2
shows_old FAULT_GENERATION_BEFORE_COMMIT
shows_old FAULT_ANSWER_BEFORE_GENERATION
shows_old FAULT_NOTE_AFTER_QUERY
shows_old FAULT_JOIN_ANY_FLIGHT
shows_old FAULT_SHARED_OF_ANY_GENERATION
keeps_old FAULT_FULL_TRUST
keeps_old FAULT_TRUST_BEFORE_NOTE
keeps_old FAULT_EPOCH_BEFORE_DOUBT
keeps_old FAULT_NO_DOUBT_AFTER_DEATH
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
