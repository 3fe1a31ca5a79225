#!/usr/bin/env bash
# Runs everything that must pass, step by step, and sums up at the end: `make test`.
#   test.sh          all steps
#   test.sh NAME...  some of them, by the names that the summary shows
#
# A step that fails does not keep the others from being run; the exit status is 1 when one did.
# Steps run one after the other, unless the black-box tests of both builds are among them. These wait as much as they
# compute: they run side by side, and beside them the steps that need nobody else's time, with a low share of the
# processors. Their output is shown when all of these have ended.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export MAKEFLAGS=''  # -j and the like are the caller's; a step has its own
unset MAKELEVEL     # or make would tell with each step which directory it enters

names=(build build-sanitize tools k6-smoke lint unit unit-sanitize fuzz bench-tests model e2e e2e-sanitize compose)
make="make --jobs=$(nproc)"
declare -A does=(
    [build]="$make build"
    [build-sanitize]="$make build SANITIZE=1"
    [tools]="$make tools"
    [k6-smoke]="make k6-smoke"
    [lint]="make lint"
    [unit]="$make unit"
    [unit-sanitize]="$make unit SANITIZE=1"
    [fuzz]="$make fuzz FUZZ_SECONDS=10"
    [bench-tests]="/usr/bin/python3 -m pytest tests/bench"
    [model]="make model"
    [e2e]="make e2e"
    [e2e-sanitize]="make e2e SANITIZE=1"
    [compose]="tests/compose/run.sh --if-engine"
)
beside_e2e=" lint unit unit-sanitize fuzz bench-tests model "
patient=" lint unit unit-sanitize model "  # of those, the ones that test nothing less when they get less time
chosen=("$@")
(($# > 0)) || chosen=("${names[@]}")
for name in "${chosen[@]}"; do
    if [[ -z ${does[$name]:-} ]]; then
        echo "test.sh: there is no step $name; there are ${names[*]}" >&2
        exit 2
    fi
done

outputs=build/test  # of the lanes that are not shown at once, and the results of all
rm -rf "$outputs"
declare -A process=()  # what is under way: a step, or a lane
declare -A result=()   # of the steps that have ended: a line of the summary

minutes() {
    printf '%d:%02d min' $(($1 / 60)) $(($1 % 60))
}

# Replaces this shell, also as the leader of a process group: out of a terminal's reach, which `end_all` makes up for.
with_low_share() {  # with_low_share COMMAND...
    # shellcheck disable=SC2016  # for the inner shell
    exec setsid nice -n 19 sh -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec "$@"' - "$@"
}

step() {  # step NAME COMMAND...
    local name=$1 begin=$SECONDS how=passed status=0 took
    shift
    echo
    echo "==== $name: $*"
    # In the background, so that a signal to this script alone ends the step too; but not deaf to
    # Ctrl-C, as the shell makes what is in the background.
    (
        trap - INT
        case "${lane:-}$patient" in
        beside*" $name "*) with_low_share "$@" ;;
        *) exec "$@" ;;
        esac
    ) </dev/null &
    process[$name]=$!
    wait "${process[$name]}" || status=$?
    unset "process[$name]"
    ((status == 0)) || how="FAILED with exit status $status"
    took=$(minutes $((SECONDS - begin)))
    result[$name]=$(printf '%-14s %10s  %s' "$name" "$took" "$how")
    echo "==== $name: $how after $took"
    return "$status"
}

one() {  # one NAME: a step by its name
    local command
    read -ra command <<<"${does[$1]}"
    step "$1" "${command[@]}"
}

end_all() {  # end_all SIGNAL: ends what is under way
    local pid
    for pid in "${process[@]}"; do
        kill -s "$1" -- "-$pid" 2>/dev/null || kill -s "$1" "$pid" 2>/dev/null
    done
    wait
}

begin_lane() {  # begin_lane LANE NAME...: these steps, one after the other, in the background
    local lane=$1
    shift
    (
        trap 'end_all INT; exit 130' INT
        trap 'end_all TERM; exit 143' TERM HUP
        process=()
        for name in "$@"; do
            one "$name"
            echo "${result[$name]}" >"$outputs/$name.result"
        done
    ) &
    process[$lane]=$!
}

side_by_side() {  # side_by_side NAME...: e2e, e2e-sanitize and what goes beside them
    local lane name
    mkdir -p "$outputs"
    echo
    echo "==== Side by side: e2e e2e-sanitize $*"
    begin_lane sanitized e2e-sanitize >"$outputs/sanitized" 2>&1
    begin_lane beside "$@" >"$outputs/beside" 2>&1
    begin_lane first e2e
    for lane in first sanitized beside; do
        wait "${process[$lane]}"
        unset "process[$lane]"
        [[ $lane == first ]] || cat "$outputs/$lane"
    done
    gather
}

gather() {  # the results that the lanes have left
    local file
    for file in "$outputs"/*.result; do
        [[ ! -e $file ]] || result[$(basename "$file" .result)]=$(<"$file")
    done
}

sum_up() {
    local name
    echo
    echo "==== Summary"
    for name in packages "${chosen[@]}"; do
        [[ -z ${result[$name]:-} ]] || echo "${result[$name]}"
    done
    ((${#process[@]} == 0)) || echo "interrupted"
    printf '%-14s %10s\n' "in all" "$(minutes "$SECONDS")"
    [[ ${result[*]} != *FAILED* ]]
}

interrupted() {  # interrupted SIGNAL EXIT-STATUS
    trap '' INT TERM HUP
    end_all "$1"
    cat "$outputs/sanitized" "$outputs/beside" 2>/dev/null
    gather
    sum_up
    exit "$2"
}
trap 'interrupted INT 130' INT
trap 'interrupted TERM 143' TERM
trap 'interrupted TERM 129' HUP

run_chosen() {
    local name all=" ${chosen[*]} " beside=()
    if [[ $all != *" e2e "* || $all != *" e2e-sanitize "* ]]; then
        for name in "${chosen[@]}"; do
            one "$name"
        done
        return
    fi
    for name in "${chosen[@]}"; do
        case "$name $beside_e2e" in
        "e2e "* | "e2e-sanitize "*) ;;
        *" $name "*) beside+=("$name") ;;
        *) one "$name" ;;
        esac
    done
    side_by_side "${beside[@]}"
}

# Without packages nothing works; all else goes on.
! step packages deploy/install-packages.sh test || run_chosen
sum_up
