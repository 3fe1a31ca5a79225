#!/usr/bin/env bash
# Runs everything that must pass, step by step, and sums up at the end: `make test`.
#   test.sh          all steps
#   test.sh NAME...  some of them, by the names that the summary shows
#
# A step that fails does not keep the others from being run; the exit status is 1 when one did.
# Steps run one after the other, but for the two that wait more than they compute: the black-box tests
# of both builds run side by side, and the output of the second one follows that of the first.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export MAKEFLAGS=''  # -j and the like are the caller's; a step has its own
unset MAKELEVEL     # or make would tell with each step which directory it enters

names=(build lint unit unit-sanitize k6-smoke fuzz bench-tests model tools e2e e2e-sanitize compose)
declare -A does=(
    [build]="make build"
    [lint]="make lint"
    [unit]="make unit"
    [unit-sanitize]="make unit SANITIZE=1"
    [k6-smoke]="make k6-smoke"
    [fuzz]="make fuzz FUZZ_SECONDS=10"
    [bench-tests]="/usr/bin/python3 -m pytest tests/bench"
    [model]="make model"
    [tools]="make build/schemathesis/complete"
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

declare -A began=()    # when a step did
declare -A process=()  # of the steps under way
failed=0
summary=()

minutes() {
    printf '%d:%02d min' $(($1 / 60)) $(($1 % 60))
}

begin() {  # begin NAME COMMAND...
    local name=$1
    shift
    echo
    echo "==== $name: $*"
    began[$name]=$SECONDS
    # In the background, so that a signal to this script alone ends the step too; but not deaf to
    # Ctrl-C, as the shell makes what is in the background.
    (
        trap - INT
        exec "$@"
    ) </dev/null &
    process[$name]=$!
}

finish() {  # finish NAME [LOG]: where its output is, if it is not to be seen yet
    local name=$1 result=passed status=0 took
    wait "${process[$name]}" || status=$?
    unset "process[$name]"
    [[ -z ${2:-} ]] || cat "$2"
    if ((status != 0)); then
        result="FAILED with exit status $status"
        failed=$((failed + 1))
    fi
    took=$(minutes $((SECONDS - began[$name])))
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
    if ((${#process[@]} > 0)); then
        kill -s "$1" "${process[@]}" 2>/dev/null
        wait "${process[@]}"
    fi
    summary+=("interrupted")
    sum_up
    exit "$2"
}
trap 'interrupted INT 130' INT
trap 'interrupted TERM 143' TERM
trap 'interrupted TERM 129' HUP

one() {  # one NAME: a step by itself
    local command
    read -ra command <<<"${does[$1]}"
    begin "$1" "${command[@]}"
    finish "$1"
}

both_builds() {
    local log=build/e2e-sanitize.log command
    read -ra command <<<"${does[e2e-sanitize]}"
    mkdir -p build
    begin e2e-sanitize "${command[@]}" >"$log" 2>&1
    echo
    echo "==== e2e-sanitize has begun as well; its output follows"
    one e2e
    finish e2e-sanitize "$log"
}

begin packages deploy/install-packages.sh test
# Without packages nothing works; all else goes on.
if finish packages; then
    for name in "${chosen[@]}"; do
        case " ${chosen[*]}  $name" in
        *" e2e e2e-sanitize "*" e2e") both_builds ;;
        *" e2e e2e-sanitize "*" e2e-sanitize") ;;
        *) one "$name" ;;
        esac
    done
fi
sum_up
((failed == 0))
