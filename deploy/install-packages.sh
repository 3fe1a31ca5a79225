#!/bin/sh
# Sees to the Debian packages that Atelier Q&A is built from and runs with; asks apt only for what
# is missing, as root or through sudo.
#   install-packages.sh          what `make run` needs
#   install-packages.sh build    what compiling needs, and no more
#   install-packages.sh unit     also what `make unit` needs; and so e2e
#   install-packages.sh test     also what `make test` needs
#   install-packages.sh bench    also what `make bench` needs
#   install-packages.sh k6       also what k6 is built with
#   install-packages.sh tls      also what `make test-tls` needs
#   install-packages.sh compose  also what `make test-compose` needs
#   install-packages.sh sandbox  also what `make test-sandbox` needs
#   install-packages.sh deb      only what `make deb` needs
#   install-packages.sh packages also what `make test-packages` needs
#   install-packages.sh browser  also what `make test-browser` needs
#   install-packages.sh monitoring  also what `make test-monitoring` needs
#   install-packages.sh cluster  also what `make cluster` and `make cluster-test` need
#   install-packages.sh --missing KIND   installs nothing, but names what is missing of one of these,
#                                        and how to install it; the exit status is 1
#
# It promises to start no server: neither PostgreSQL's system cluster nor the system's NGINX, Docker, PgBouncer,
# Prometheus, etcd, Patroni or HAProxy, which their packages would create and start, now and at the next boot.
set -eu

build="gcc make pkg-config libc6-dev libgnutls28-dev libmicrohttpd-dev libpq-dev libjansson-dev libevent-dev libxxhash-dev libunistring-dev zlib1g-dev uthash-dev"
run="postgresql nginx openssl curl python3-venv"
unit="check"
e2e="python3-pytest python3-requests python3-psycopg2 python3-jsonschema python3-yaml pgbouncer logrotate"
test="$unit $e2e clang libclang-rt-dev clang-format clang-tidy shellcheck spin wrk man-db"
bench="python3 wrk nghttp2-client openssl"
k6="golang-go ca-certificates"
tls="$e2e testssl.sh nghttp2-client golang-go ca-certificates"
compose="docker.io docker-compose debootstrap python3-pytest python3-requests python3-psycopg2"
sandbox="systemd strace python3-seccomp $e2e"
deb="build-essential dpkg-dev debhelper git help2man lintian nginx-dev python3"
packages="debootstrap git python3"
browser="chromium chromium-driver python3-selenium python3-pytest python3-requests python3-psycopg2"
monitoring="prometheus python3-pytest python3-requests python3-psycopg2 python3-yaml"
cluster="patroni python3-etcd etcd-server haproxy iproute2 $e2e"

policy=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/atelier-qa.conf
mark="# Temporary: made by Atelier Q&A while it installs packages."

missing() {  # prints those of the named packages that are not installed
    # shellcheck disable=SC2016  # dpkg-query's own variables
    installed=$(dpkg-query -W -f '${Package}:${db:Status-Status} ' "$@" 2>/dev/null || true)
    # Any PostgreSQL server will do, not only the distribution's default one.
    if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
        installed="$installed postgresql:installed"
    fi
    # And any Go.
    if command -v go >/dev/null || [ -x /usr/local/go/bin/go ]; then
        installed="$installed golang-go:installed"
    fi
    # And the run-time libraries of any Clang, whose package has its version in the name.
    if ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1; then
        installed="$installed libclang-rt-dev:installed"
    fi
    for package in "$@"; do
        case " $installed " in
        *" $package:installed "*) ;;
        *) echo "$package" ;;
        esac
    done
}

# shellcheck disable=SC2317  # the trap calls it
clean_up() {
    rm -f "$no_cluster"
    rmdir "$(dirname "$no_cluster")" 2>/dev/null || true
    if grep -qsF "$mark" "$policy"; then
        rm -f "$policy"
    fi
}

keep_off() {  # keep_off LACKED UNIT...: where packages were lacked, their servers do not start at the next boot
    [ -n "$1" ] && command -v systemctl >/dev/null || return 0
    shift
    systemctl --quiet disable "$@" 2>/dev/null || true
}

install_packages() {  # as root
    lacked_nginx=$(missing nginx)
    lacked_docker=$(missing docker.io)
    lacked_pooler=$(missing pgbouncer)
    lacked_prometheus=$(missing prometheus)
    lacked_cluster=$(missing etcd-server haproxy patroni)
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    mkdir -p "$(dirname "$no_cluster")"
    printf '%s\ncreate_main_cluster = false\n' "$mark" >"$no_cluster"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install --no-install-recommends "$@" >/dev/null
    keep_off "$lacked_nginx" nginx.service
    keep_off "$lacked_pooler" pgbouncer.service
    keep_off "$lacked_prometheus" prometheus.service
    keep_off "$lacked_docker" docker.service docker.socket containerd.service
    for package in $lacked_cluster; do
        keep_off "$package" "${package%-server}.service"
    done
}

if [ "${1:-}" = as-root ]; then
    shift
    install_packages "$@"
    exit
fi

name_only=false
if [ "${1:-}" = --missing ]; then
    name_only=true
    shift
fi
[ "${1:-}" = unit ] || unit=""
[ "${1:-}" = e2e ] || e2e=""
[ "${1:-}" = test ] || test=""
[ "${1:-}" = bench ] || bench=""
[ "${1:-}" = k6 ] || k6=""
[ "${1:-}" = tls ] || tls=""
[ "${1:-}" = compose ] || compose=""
[ "${1:-}" = sandbox ] || sandbox=""
[ "${1:-}" = deb ] || deb=""
[ "${1:-}" = packages ] || packages=""
[ "${1:-}" = browser ] || browser=""
[ "${1:-}" = cluster ] || cluster=""
[ "${1:-}" = monitoring ] || monitoring=""
case ${1:-} in build | unit | deb) run="" ;; esac
kind=${1:-}
if ! command -v apt-get >/dev/null; then
    echo "No apt here: make sure that these packages or their like are installed: $build $run $unit $e2e $test $bench $k6 $tls $compose $sandbox $deb $packages $browser $monitoring $cluster" >&2
    ! $name_only || exit 1
    exit 0
fi
# The names are words, one argument each.
# shellcheck disable=SC2046,SC2086
set -- $(missing $build $run $unit $e2e $test $bench $k6 $tls $compose $sandbox $deb $packages $browser $monitoring $cluster)
if $name_only; then
    echo "These Debian packages are missing: ${*:-none; the programs and libraries of the installed ones cannot be found}" >&2
    echo "To install them: deploy/install-packages.sh $kind" >&2
    exit 1
fi
if [ $# -gt 0 ]; then
    echo "Installing, which may take some minutes: $*"
elif ! grep -qsF "$mark" "$policy"; then  # left by an installation that was killed
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    "$0" as-root "$@" && exit
elif command -v sudo >/dev/null; then
    sudo "$0" as-root "$@" && exit
fi
[ $# -gt 0 ] || exit 0
echo "Could not install: $*" >&2
echo "As root: apt-get update && apt-get install --no-install-recommends $*" >&2
exit 1
