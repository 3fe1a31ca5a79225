#!/bin/sh
# Sees to NGINX's headers, with which the module is compiled: those of Debian's nginx-dev, made for exactly the
# NGINX at hand, and PCRE's, which they include. Where nginx-dev is not installed, both packages are downloaded and
# unpacked: to install them would bring 45 others and take root.
#   headers.sh FOLDER    FOLDER (build/nginx) then holds the file `flags`, for the compiler
#
# Where that cannot be, one line says why, and the exit status is 1: the service works without the module. The
# same is tried again only after RETRY_MINUTES, so that a machine without network does not wait each time.
set -eu

[ $# -eq 1 ] || { echo "usage: headers.sh FOLDER" >&2; exit 2; }
given=$1
mkdir -p "$given"
folder=$(cd "$given" && pwd)
PATH=$PATH:/usr/sbin
RETRY_MINUTES=60
SECONDS_TO_FETCH=120
INSTALLED=/usr/share/nginx/src

give_up() {
    rm -f "$folder/flags"
    echo "NGINX will pass every page on to a worker, which works as well but slower: no module is built, as $*"
    exit 1
}

# What modules of this NGINX are compiled for, such as nginx-abi-1.22.1-7; nothing for one that is not Debian's.
abi_here() {
    program=$(realpath "$(command -v nginx)")
    package=$(dpkg-query --search "$program" 2>/dev/null) || return 0
    # shellcheck disable=SC2016  # dpkg-query's own variable
    dpkg-query --show --showformat '${Provides}' "${package%%:*}" | grep -o 'nginx-abi-[^, ]*' || true
}

apt() {  # as anybody, with lists of packages of our own where the system's are missing or old
    timeout "$SECONDS_TO_FETCH" apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=0 \
        -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 "$@" >"$folder/apt.log" 2>&1
}

download() {
    apt "$@" download nginx-dev libpcre2-dev
}

own_lists() {
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
    apt -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" update &&
        download -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache"
}

unpack() {  # into the folder `root`
    rm -rf "$folder/root" "$folder/packages"
    mkdir "$folder/packages"
    (cd "$folder/packages" && { download || own_lists; }) || return 1
    for package in "$folder"/packages/*.deb; do
        dpkg-deb --extract "$package" "$folder/root"
    done
    rm -rf "$folder/packages" "$folder/apt"
}

copy_installed() {  # likewise, of the nginx-dev that is installed, if it is of this NGINX; it needs PCRE's headers itself
    grep -qsx "nginx:abi=$abi" "$INSTALLED/debian/libnginx-mod.abisubstvars" || return 1
    rm -rf "$folder/root"
    mkdir -p "$folder/root/usr/share/nginx"
    cp -R "$INSTALLED" "$source"
}

configure() {  # NGINX's own script finds out what its headers need to know of this system
    libraries=$folder/root/usr/lib/$(dpkg-architecture --query DEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
    cd "$source" && bash ./configure --with-compat --with-cc-opt="-I$folder/root/usr/include" \
        --with-ld-opt="-L$libraries" >"$folder/configure.log" 2>&1
}

write_flags() {  # relative ones if FOLDER is
    for include in src/core src/event src/event/modules src/os/unix src/http src/http/modules objs; do
        printf -- '-isystem %s/root/usr/share/nginx/src/%s ' "$given" "$include"
    done
    echo "-isystem $given/root/usr/include"
}

command -v nginx >/dev/null || give_up "there is no NGINX here"
command -v apt-get >/dev/null || give_up "this is not Debian"
# Unless NGINX was installed since, which dpkg would take a while to tell more about, all is well.
if [ -s "$folder/flags" ] && [ -z "$(find "$(realpath "$(command -v nginx)")" -cnewer "$folder/flags")" ]; then
    exit 0
fi
abi=$(abi_here)
[ -n "$abi" ] || give_up "this NGINX is not Debian's"
if [ -s "$folder/flags" ] && [ "$(cat "$folder/abi" 2>/dev/null)" = "$abi" ]; then
    touch "$folder/flags"
    exit 0
fi

source=$folder/root/usr/share/nginx/src
if ! copy_installed; then
    if [ -n "$(find "$folder/tried" -mmin "-$RETRY_MINUTES" 2>/dev/null)" ] && [ "$(cat "$folder/tried")" = "$abi" ]; then
        give_up "NGINX's headers were not to be had; that is tried again each hour"
    fi
    echo "$abi" >"$folder/tried"
    echo "Fetching NGINX's headers ($abi), once"
    unpack || give_up "NGINX's headers cannot be downloaded: $(tail -n 1 "$folder/apt.log")"
fi
grep -qx "nginx:abi=$abi" "$source/debian/libnginx-mod.abisubstvars" ||
    give_up "Debian's headers are of $(sed -n 's/^nginx:abi=//p' "$source/debian/libnginx-mod.abisubstvars"), but the NGINX here needs $abi"
(configure) || give_up "NGINX's headers cannot be configured, see $folder/configure.log"
write_flags >"$folder/flags.new"
echo "$abi" >"$folder/abi"
mv "$folder/flags.new" "$folder/flags"
rm -f "$folder/tried"
