# shellcheck shell=bash disable=SC2154  # stack.sh sets what is not set here
# How root's stack.sh becomes the owner of the state directory; a part of stack.sh.
#
# It promises that root trusts nothing that the owner can change: root reads and writes no file of
# the state directory and executes none, and ends no process by a number that is written there.
# The owner gets a copy of what it needs of the checkout, which it may be unable to reach.

refuse_foreign_folder() {
    local names="bin|log|nginx|postgres|postgres\\.new|run|sample|secrets|handed\\..*" other
    other=$(find "$state/" -mindepth 1 -maxdepth 1 -type d -regextype posix-extended \
        ! -regex ".*/($names)" -print -quit)
    [[ -z $other ]] || fail "QA_STATE_DIR must be a folder of our own, but $other is there"
}

# Thousands of connections need more files than the usual limit of 1024.
more_files() {
    ulimit -Sn 65536 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"
}

is_roots() {
    [[ $(stat -c %u "$1") == 0 ]]
}

# Below /root, say, where postgres may not go, the state directory is a link to one under /var/lib.
make_state() {  # make_state UID GID
    local parent target
    local as=(setpriv "--reuid=$1" "--regid=$2" --clear-groups --)
    parent=$(dirname "$state")
    mkdir -p "$parent"
    if ! "${as[@]}" test -x "$parent"; then
        target=/var/lib/atelier-qa/$(sha256sum <<<"$state" | cut -c1-12)
        [[ -L $state ]] || rmdir "$state" 2>/dev/null || [[ ! -e $state ]] ||
            fail "$(id -nu "$1") cannot reach $state; remove it or set QA_STATE_DIR"
        mkdir -p "$target"
        ln -sfn "$target" "$state"
    fi
    # Whoever may change the parent must not choose what root gives away.
    [[ ! -L $state ]] || is_roots "$state" || fail "$state is somebody's link to a folder of root's"
    mkdir -p "$state"
    state=$(realpath "$state")
    refuse_foreign_folder
    chown --no-dereference "$1:$2" "$state"
    "${as[@]}" chmod 755 "$state"
}

# An NGINX of ours whose master runs as root; a number of a pid file does not tell it.
end_nginx_of_root() {
    local process nginx
    nginx=$(command -v nginx) || return 0
    for process in /proc/[0-9]*; do
        if is_roots "$process" && [[ $process/exe -ef $nginx ]] &&
            [[ $(readlink "$process/cwd") == "$state/nginx" ]]; then
            end_part nginx "${process#/proc/}"
        fi
    done 2>/dev/null
}

# Goes on as the owner; returns where nothing was ever started. NGINX may need the capability for a low port, and only those who have it
# too can look at its process.
become_owner() {
    local uid gid as copy files=(deploy Makefile)
    uid=$(id -u postgres) gid=$(id -g postgres)
    if [[ -d $state && $(stat -Lc %u "$state") != 0 ]]; then
        read -r uid gid < <(stat -Lc '%u %g' "$state")
    elif [[ $command != run && $command != start ]]; then
        return 0
    else
        make_state "$uid" "$gid"
    fi
    state=$(realpath "$state")
    end_nginx_of_root
    [[ ! -x $program ]] || files+=("${program#"$checkout/"}")
    [[ $command != run && $command != start ]] || files+=(web build/reference build/photos)
    as=(setpriv "--reuid=$uid" "--regid=$gid" --clear-groups)
    copy=$("${as[@]}" -- mktemp --directory "$state/handed.XXXXXX")
    flock "$checkout/Makefile" tar --create --directory="$checkout" "${files[@]}" |
        "${as[@]}" -- tar --extract --no-same-permissions --directory="$copy" ||
        fail "could not copy to $copy"
    ulimit -Hn 65536 2>/dev/null || true
    more_files
    ! "${as[@]}" --inh-caps=+net_bind_service --ambient-caps=+net_bind_service -- true 2>/dev/null ||
        as+=(--inh-caps=+net_bind_service --ambient-caps=+net_bind_service)
    cd /
    exec "${as[@]}" -- "$copy/deploy/stack.sh" as-owner "$state" "$command"
}
