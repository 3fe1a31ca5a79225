#!/usr/bin/env bash
# Runs everything that must pass, step by step, and sums up at the end: `make test`.
#   test.sh          all steps
#   test.sh NAME...  some of them, by the names that the summary shows
#
# A step that fails does not keep the others from being run; the exit status is 1 when one did.
# Steps run one after the other, so that none takes the processor from another's time limits.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export MAKEFLAGS=''  # -j and the like are the caller's; a step has its own
unset MAKELEVEL     # or make would tell with each step which directory it enters

names=(build lint unit unit-sanitize k6-smoke fuzz bench-tests model e2e e2e-sanitize compose)
declare -A does=(
    [build]="make build"
    [lint]="make lint"
    [unit]="make unit"
    [unit-sanitize]="make unit SANITIZE=1"
    [k6-smoke]="make k6-smoke"
    [fuzz]="make fuzz FUZZ_SECONDS=20"
    [bench-tests]="/usr/bin/python3 -m pytest tests/bench"
    [model]="make model"
    [e2e]="make e2e"
    [e2e-sanitize]="make e2e SANITIZE=1"
    [compose]="tests/compose/run.sh --if-engine"
)
chosen=("$@")
(($# > 0)) || chosen=("${names[@]}")
for name in "${chosen[@]}"; do
    if [[ -z ${does[$name]:-} ]]; then
        echo "test.sh: there is no step $name; there are ${names[*]}" >&2
        exit 2
    fi
done

began=0  # when the step did
step=""  # its process
failed=0
summary=()

minutes() {
    printf '%d:%02d min' $(($1 / 60)) $(($1 % 60))
}

run() {  # run NAME COMMAND...
    local name=$1 result=passed status=0 took
    shift
    echo
    echo "==== $name: $*"
    began=$SECONDS
    # In the background, so that a signal to this script alone ends the step too; but not deaf to
    # Ctrl-C, as the shell makes what is in the background.
    (
        trap - INT
        exec "$@"
    ) </dev/null &
    step=$!
    wait "$step" || status=$?
    step=""
    if ((status != 0)); then
        result="FAILED with exit status $status"
        failed=$((failed + 1))
    fi
    took=$(minutes $((SECONDS - began)))
    summary+=("$(printf '%-14s %10s  %s' "$name" "$took" "$result")")
    echo "==== $name: $result after $took"
    return "$status"
}

sum_up() {
    echo
    echo "==== Summary"
    printf '%s\n' "${summary[@]}"
    printf '%-14s %10s\n' "in all" "$(minutes "$SECONDS")"
}

interrupted() {  # interrupted SIGNAL EXIT-STATUS
    trap '' INT TERM HUP
    if [[ -n $step ]]; then
        kill -s "$1" "$step" 2>/dev/null
        wait "$step"
    fi
    summary+=("interrupted")
    sum_up
    exit "$2"
}
trap 'interrupted INT 130' INT
trap 'interrupted TERM 143' TERM
trap 'interrupted TERM 129' HUP

# Without packages nothing works; all else goes on.
if run packages deploy/install-packages.sh test; then
    for name in "${chosen[@]}"; do
        read -ra command <<<"${does[$name]}"
        run "$name" "${command[@]}"
    done
fi
sum_up
((failed == 0))
