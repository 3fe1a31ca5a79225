# shellcheck shell=bash
# Which of the stack's processes are alive, and how they are ended; a part of stack.sh.
#
# It promises to end no process of anybody else: a number in a pid file may be a stranger's by now,
# but ours work in folders of the state directory.

# shellcheck disable=SC2034  # stack.sh uses it
parts=(nginx service postgres)  # in the order in which they stop
declare -A folder=([nginx]=nginx [service]=bin [postgres]=postgres)
declare -A pid_file=([nginx]=nginx/nginx.pid [service]=service.pid
    [postgres]=postgres/postmaster.pid)
declare -A log=([nginx]=log/nginx-error.log [service]=log/service.log [postgres]=log/postgres.log)
# Which signals end a part, and for how many seconds each is waited for; stack.sh adds the service's.
declare -A endings=([nginx]="QUIT 12 TERM 3 KILL 2" [postgres]="INT 20 QUIT 5 KILL 2")

pid_of() {  # prints the id of a part's main process, if it is alive
    local pid
    read -r pid 2>/dev/null <"${pid_file[$1]}" || return 1
    [[ -n $pid && /proc/$pid/cwd -ef ${folder[$1]} ]] && echo "$pid"
}

end_process() {  # end_process PID SIGNAL SECONDS: whether it is gone then
    local deadline=$((SECONDS + $3))
    kill -s "$2" "$1" 2>/dev/null || [[ ! -e /proc/$1 ]] || return 1
    while [[ -e /proc/$1/cwd ]]; do
        ((SECONDS <= deadline)) || return 1
        sleep 0.05
    done
}

stop_part() {
    local pid
    ! pid=$(pid_of "$1") || end_part "$1" "$pid"
}

end_part() {  # end_part PART PID
    local pid=$2 ending
    read -ra ending <<<"${endings[$1]}"
    while ((${#ending[@]})); do
        ! end_process "$pid" "${ending[0]}" "${ending[1]}" || return 0
        ending=("${ending[@]:2}")
    done
    say "$1 (process $pid) does not end"
}

# Workers of an NGINX whose master was killed go on serving; they work in our NGINX's folder.
stop_orphans_of_nginx() {
    local process
    for process in /proc/[0-9]*; do
        if [[ $process/cwd -ef nginx && $(<"$process/comm") == nginx ]]; then
            end_process "${process#/proc/}" TERM 3 || end_process "${process#/proc/}" KILL 2 || true
        fi
    done 2>/dev/null
}

last_words() {  # of a part
    tail -n 5 "${log[$1]}" 2>/dev/null | sed 's/^/    /' >&2
}
