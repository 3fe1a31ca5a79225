# shellcheck shell=bash disable=SC2016,SC2154  # words for other shells; run.sh sets $here
# A small Debian machine for run.sh, which sources this: a folder with Debian in it, first entered by chroot, with our
# network, to install packages; then booted: systemd is the first process in namespaces of its own, which have no
# network but their loopback and end with it.
#
# It needs root, a cgroup2 file system and util-linux.

machine=""  # the first process of the booted one
waiter=""   # who waits for it
cgroup=""

SECONDS_TO_BOOT=60
SECONDS_TO_HALT=60
SECONDS_TO_RUN=1200  # one command

make_root() {  # make_root FOLDER RELEASE: from where apt here has its packages, with all it knows of the network
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
    debootstrap --variant=minbase --include=systemd-sysv,curl "$2" "$1" "$mirror" >"$1.log" 2>&1 || {
        tail -n 5 "$1.log" >&2
        return 1
    }
    echo "deb $mirror $2 main" >"$1/etc/apt/sources.list"
    apt-config dump | grep '^Acquire::' >"$1/etc/apt/apt.conf.d/90here" || true
    cp --dereference /etc/resolv.conf "$1/etc/resolv.conf"
    # It will be gone in minutes.
    echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/fast"
    printf 'APT::Install-Recommends "false";\nAPT::Keep-Downloaded-Packages "true";\n' \
        >"$1/etc/apt/apt.conf.d/91test"
    echo 127.0.0.1 localhost >"$1/etc/hosts"
}

inside() {  # inside FOLDER COMMAND...: by chroot
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        timeout --foreground "$SECONDS_TO_RUN" unshare --mount --pid --fork --kill-child sh -ec 'mount --make-rprivate /
            mount -t proc proc "$0/proc"
            mount --rbind /dev "$0/dev"
            root=$0
            exec chroot "$root" "$@"' "$@"
}

boot() {  # boot FOLDER
    local cgroups
    cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    cgroup=$(mktemp -d "$cgroups/atelier-qa-test.XXXXXX")
    sh -c 'echo $$ >"$1/cgroup.procs" && exec unshare --cgroup --mount --uts --ipc --net --pid --fork --kill-child \
        sh -e "$2/first-process.sh" "$3"' - "$cgroup" "$here" "$1" &
    waiter=$!
    for ((try = 0; try < 5 * SECONDS_TO_BOOT; try++)); do
        sleep 0.2
        machine=$(cat "/proc/$waiter/task/$waiter/children" 2>/dev/null) || break
        machine=${machine%% *}
        if [[ -n $machine ]] && run systemctl --quiet is-active multi-user.target 2>/dev/null; then
            return 0
        fi
    done
    echo "the machine does not boot" >&2
    return 1
}

run() {  # run COMMAND...: in the booted machine, which has no locale, as small servers have none
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
        timeout --foreground "$SECONDS_TO_RUN" nsenter --target "$machine" --mount --uts --ipc --net --pid --cgroup -- "$@"
}

halt() {
    [[ -n $waiter ]] || return 0
    if [[ -n $machine ]]; then
        run systemctl poweroff 2>/dev/null || true
        for ((try = 0; try < 5 * SECONDS_TO_HALT; try++)); do
            [[ -e /proc/$machine ]] || break
            sleep 0.2
        done
        kill -s KILL "$machine" 2>/dev/null || true
    fi
    kill -s KILL "$waiter" 2>/dev/null || true
    wait "$waiter" 2>/dev/null || true
    find "$cgroup" -depth -type d -exec rmdir {} + || true
    machine="" waiter="" cgroup=""
}
