#!/bin/sh
# Makes DIR a complete NGINX configuration: nginx.conf, error-pages.conf, headers.conf, files.conf and
# log-maps.conf as they are, and the includes that differ from place to place, from the environment. Used by
# deploy/stack/ and containers.
#   configure-nginx.sh DIR
#
# Where DIR holds ngx_http_qa_pages_module.so and the NGINX here takes it, NGINX responds with cached pages itself; DIR
# must be its prefix (nginx -p) then. Root configures only a DIR that belongs to root.
#
#   PORT               where NGINX listens, on IPv4 and, where there is one, IPv6 (8080)
#   QA_LISTEN          the workers, as in `atelier-qa serve`: unix:PREFIX, or ADDRESS:BASE
#   QA_WORKERS         how many they are (processors)
#   QA_SHARED_FILE     as the service has it; without it all goes through the workers (none)
#   QA_PAGES_IN_NGINX  false: likewise (true)
#   QA_CORS_ORIGINS    the origins that browsers may call from, or * (*)
#   QA_CORS_HEADERS    headers that their pages may send besides those that the API knows (none)
#   QA_CORS_CREDENTIALS  true: they may send cookies and the like; needs a list of origins (false)
#   QA_TRUSTED_PROXIES addresses and networks of load balancers, whose X-Forwarded-For is believed
#                      (none)
#   QA_RATE_LIMIT      requests of one client address, such as 100r/s or 30r/m (no limit)
#   QA_RATE_BURST      requests that may come at once above that (twice the number in QA_RATE_LIMIT)
#   QA_ACCESS_LOG, QA_ERROR_LOG   files, in NGINX's prefix if relative (access.log, error.log)
#   QA_NGINX_USER      "USER GROUP" of NGINX's workers, where it starts as root (none)
#
# Lists are separated by blanks or commas.
set -euf

fail() {
    echo "configure-nginx: $(printf '%s' "$*" | tr '\n' ' ')" >&2
    exit 2
}

fits() {  # whether all of $1, one line, matches the extended regular expression $2
    case $1 in *"
"*) return 1 ;; esac
    printf '%s\n' "$1" | grep -Eqx -e "$2"
}

list() {  # the words of $1, which blanks or commas separate, each once and on a line of its own
    printf '%s\n' "$1" | tr -s ', \t' '\n' | awk 'NF && !seen[tolower($0)]++'
}

truth() {  # truth NAME VALUE: prints `true`, or nothing
    case $2 in
    0 | [Ff]alse | FALSE | [Nn]o | NO | [Oo]ff | OFF) ;;
    1 | [Tt]rue | TRUE | [Yy]es | YES | [Oo]n | ON) echo true ;;
    *) fail "$1 must be true or false, not \"$2\"" ;;
    esac
}

is_network() {  # whether $1 is an IPv4 or IPv6 address, or a network such as 10.0.0.0/8
    byte='(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
    h='[0-9A-Fa-f]{1,4}'
    # RFC 4291, 2.2: eight groups, or fewer with one "::", by how many stand before it.
    ipv6="($h:){7}$h|:(:$h){1,7}|$h:(:$h){1,6}|($h:){2}(:$h){1,5}|($h:){3}(:$h){1,4}"
    ipv6="$ipv6|($h:){4}(:$h){1,3}|($h:){5}(:$h){1,2}|($h:){6}:$h|($h:){1,7}:|::"
    fits "$1" "$byte(\.$byte){3}(/(3[0-2]|[12]?[0-9]))?" ||
        fits "$1" "($ipv6)(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?"
}

[ $# -eq 1 ] || fail "usage: configure-nginx.sh DIR"
directory=$1
port=${PORT:-8080}
listen=${QA_LISTEN:-unix:${QA_STATE_DIR:-.local}/run/worker}
workers=${QA_WORKERS:-$(nproc)}
# As browsers send them: without a slash at the end, and without the port that the scheme implies.
origins=$(list "$(list "${QA_CORS_ORIGINS:-*}" |
    sed -E 's,/$,,; s,^(https://.*):443$,\1,; s,^(http://.*):80$,\1,')")
headers=$(list "${QA_CORS_HEADERS:-}")
proxies=$(list "${QA_TRUSTED_PROXIES:-}")
rate=${QA_RATE_LIMIT:-}
access_log=${QA_ACCESS_LOG:-access.log}
error_log=${QA_ERROR_LOG:-error.log}
user=${QA_NGINX_USER:-}
shared_file=${QA_SHARED_FILE:-}
module=ngx_http_qa_pages_module.so
quotable='[^"\$]'  # what NGINX takes for itself between quotes
name='[A-Za-z0-9_][A-Za-z0-9_.-]*'

if ! fits "$port" '[1-9][0-9]{0,4}' || [ "$port" -gt 65535 ]; then
    fail "PORT must be a number from 1 to 65535, not \"$port\""
fi
fits "$listen" "unix:$quotable+|([A-Za-z0-9_.-]+|\\[[0-9A-Fa-f:.]+]):[1-9][0-9]*" ||
    fail "QA_LISTEN must look like unix:/run/qa/worker or 127.0.0.1:9000, not \"$listen\""
fits "$access_log" "$quotable+" ||
    fail "QA_ACCESS_LOG must be a path without any of \" \\ \$, not \"$access_log\""
fits "$error_log" "$quotable+" ||
    fail "QA_ERROR_LOG must be a path without any of \" \\ \$, not \"$error_log\""
fits "$user" "($name( $name)?)?" ||
    fail "QA_NGINX_USER must be a user, or a user and a group, not \"$user\""
if ! fits "$workers" '[1-9][0-9]{0,2}' || [ "$workers" -gt 256 ]; then
    fail "QA_WORKERS must be a number from 1 to 256, not \"$workers\""
fi
[ -z "$rate" ] || fits "$rate" '[1-9][0-9]{0,5}r/[sm]' ||
    fail "QA_RATE_LIMIT must look like 100r/s or 30r/m, not \"$rate\""
number=${rate%r/*}
burst=${QA_RATE_BURST:-$((2 * ${number:-0}))}
fits "$burst" '[0-9]{1,7}' ||
    fail "QA_RATE_BURST must be a number, not \"$burst\""
[ -n "$rate" ] || [ -z "${QA_RATE_BURST:-}" ] ||
    echo "configure-nginx: QA_RATE_BURST has no effect without QA_RATE_LIMIT" >&2
[ -n "$origins" ] || fail "QA_CORS_ORIGINS must be * or list origins, not \"${QA_CORS_ORIGINS:-}\""
[ "$origins" = '*' ] || for origin in $origins; do
    fits "$origin" 'https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?' ||
        fail "QA_CORS_ORIGINS must be * or list origins such as https://shop.example, not \"$origin\""
done
for header in $headers; do
    fits "$header" '[A-Za-z0-9_.-]+' ||
        fail "QA_CORS_HEADERS must list names of headers such as X-Tenant, not \"$header\""
done
credentials=$(truth QA_CORS_CREDENTIALS "${QA_CORS_CREDENTIALS:-false}")
pages_in_nginx=$(truth QA_PAGES_IN_NGINX "${QA_PAGES_IN_NGINX:-true}")
fits "$shared_file" "$quotable*" ||
    fail "QA_SHARED_FILE must be a path without any of \" \\ \$, not \"$shared_file\""
[ -z "$credentials" ] || [ "$origins" != '*' ] ||
    fail "QA_CORS_CREDENTIALS needs QA_CORS_ORIGINS to list the origins; browsers refuse credentials with *"
for proxy in $proxies; do
    is_network "$proxy" ||
        fail "QA_TRUSTED_PROXIES must list addresses or networks such as 10.0.0.0/8 or fd00::/8, not \"$proxy\""
done

takes_module() {  # whether the NGINX here does; says why not
    printf '%s\n' "load_module $module;" "pid module-test.pid;" "events { }" >"$directory/module-test.conf"
    reason=$(cd "$directory" && PATH=$PATH:/usr/sbin && nginx -t -q -p . -c module-test.conf -e stderr 2>&1) &&
        taken=true || taken=""
    rm -f "$directory/module-test.conf" "$directory/module-test.pid"
    [ -n "$taken" ] || echo "configure-nginx: NGINX passes every page on to a worker: $reason" | head -n 1 >&2
    [ -n "$taken" ]
}

module_conf() {
    [ -z "$has_module" ] || echo "load_module $module;"
}

pages_conf() {
    [ -z "$has_module" ] || echo "qa_pages \"$shared_file\";"
}

main_conf() {
    [ -z "$user" ] || echo "user $user;"
    echo "error_log \"$error_log\" error;"  # a warning is what any client can cause
}

listen_conf() {
    echo "listen $port default_server backlog=4096;"
    if [ -n "$(cat /proc/net/if_inet6 2>/dev/null)" ]; then
        echo "listen [::]:$port default_server backlog=4096;"
    fi
}

cors_conf() {  # a variable costs each request something, so `*` takes none
    if [ "$origins" = '*' ]; then
        echo 'add_header Access-Control-Allow-Origin "*" always;'
    else
        cat <<'END'
add_header Access-Control-Allow-Origin $cors_origin always;
add_header Access-Control-Allow-Credentials $cors_credentials always;
add_header Vary Origin always;
END
    fi
}

workers_conf() {
    address=${listen%:*}
    case $address in  # a worker that listens everywhere is reached here
    0.0.0.0) address=127.0.0.1 ;;
    '[::]') address='[::1]' ;;
    esac
    worker=0
    while [ "$worker" -lt "$workers" ]; do
        case $listen in
        unix:*) echo "server \"$listen$worker.sock\" max_fails=0;" ;;
        *) echo "server $address:$((${listen##*:} + worker)) max_fails=0;" ;;
        esac
        worker=$((worker + 1))
    done
}

http_conf() {
    # What NGINX's request ids begin with, so that no two hosts make up the same one.
    instance=$(od -An -N 6 -t x1 /dev/urandom | tr -d ' \n')
    echo "map \"\" \$new_id { default \"$instance-\$msec-\$connection-\$connection_requests\"; }"
    echo "access_log \"$access_log\" json buffer=64k flush=1s;"
    [ -n "$has_module" ] || echo "include log-maps.conf;"
    if [ "$origins" != '*' ]; then
        echo "map \$http_origin \$cors_origin {"
        for origin in $origins; do
            echo "    \"$origin\" \$http_origin;"
        done
        echo "}"
        echo "map \$cors_origin \$cors_credentials { \"\" \"\"; default \"$credentials\"; }"
    fi
    more=""
    for header in $headers; do
        more="$more, $header"
    done
    echo "map \"\" \$more_cors_headers { default \"$more\"; }"
    for proxy in $proxies; do
        echo "set_real_ip_from $proxy;"
    done
    [ -z "$proxies" ] || cat <<'END'
real_ip_header X-Forwarded-For;
real_ip_recursive on;  # the last address that is no trusted proxy's
END
    case $rate in
    *r/m) retry_after=$(((59 + number) / number)) ;;
    *) retry_after=1 ;;
    esac
    echo "map \$status \$retry_after { 429 $retry_after; 503 1; }"
    [ -z "$rate" ] || cat <<END
# An empty key does not count: who watches the service is not limited.
map \$uri \$limited_client { /healthz ""; /readyz ""; default \$binary_remote_addr; }
limit_req_zone \$limited_client zone=clients:10m rate=$rate;
limit_req zone=clients burst=$burst nodelay;
limit_req_status 429;
END
}

here=$(dirname "$0")
mkdir -p "$directory"
[ "$(id -u)" -ne 0 ] || [ "$(stat -Lc %u "$directory")" -eq 0 ] ||
    fail "$directory must belong to root, who would run what its owner writes there"
cp "$here/nginx.conf" "$here/error-pages.conf" "$here/headers.conf" "$here/files.conf" \
    "$here/log-maps.conf" "$directory/"
has_module=""
if [ -n "$pages_in_nginx" ] && [ -n "$shared_file" ] && [ -e "$directory/$module" ] && takes_module; then
    has_module=true
fi
for include in main module listen workers cors http pages; do
    "${include}_conf" >"$directory/$include.conf"
done
