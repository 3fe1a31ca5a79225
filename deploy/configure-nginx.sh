#!/bin/sh
# Makes DIR a complete NGINX configuration: nginx.conf, error-pages.conf, headers.conf, page-headers.conf, files.conf,
# log-maps.conf and tls.conf as they are, and the includes that differ from place to place, from the environment. Used
# by deploy/stack/ and containers.
#   configure-nginx.sh DIR
#
# Where DIR holds ngx_http_qa_pages_module.so and the NGINX here takes it, NGINX responds with cached pages itself; DIR
# must be its prefix (nginx -p) then. Root configures only a DIR that belongs to root.
#
# Where DIR/web holds the demo page, browsers that ask for / are led there.
#
#   PORT               where NGINX listens, on IPv4 and, where there is one, IPv6 (8080)
#   QA_TLS_CERTIFICATE, QA_TLS_KEY   files in PEM: NGINX speaks TLS on QA_TLS_PORT, and leads reads from PORT there;
#                      after each renewal call take-certificate.sh (none)
#   QA_TLS_PORT        where it speaks TLS (8443)
#   QA_TLS_PUBLIC_PORT the port of that which clients see (QA_TLS_PORT)
#   QA_TLS_HSTS_S      for how many seconds browsers are to use nothing but TLS (63072000)
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
#   QA_RATE_LIMIT_READS, QA_RATE_BURST_READS, QA_RATE_LIMIT_WRITES, QA_RATE_BURST_WRITES
#                      likewise, of the API's reads and of its writes
#   QA_SERVER_TIMING   true: hits have the header Server-Timing, as the workers' responses have it (false)
#   QA_PAUSE_TIMEOUT_S the longest pause of the service in seconds, which NGINX waits through (10)
#   QA_ACCESS_LOG, QA_ERROR_LOG   files, in NGINX's prefix if relative (access.log, error.log)
#   QA_NGINX_USER      "USER GROUP" of NGINX's workers, where it starts as root (none)
#
# Lists are separated by blanks or commas.
# shellcheck disable=SC2016  # variables in single quotes are NGINX's
set -euf
PATH=$PATH:/usr/sbin

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

is_port() {
    fits "$1" '[1-9][0-9]{0,4}' && [ "$1" -le 65535 ]
}

rate_of() {  # rate_of NAME VALUE: prints the value
    [ -z "$2" ] || fits "$2" '[1-9][0-9]{0,5}r/[sm]' || fail "$1 must look like 100r/s or 30r/m, not \"$2\""
    echo "$2"
}

burst_of() {  # burst_of NAME VALUE RATE-NAME RATE: prints the value, by default twice the number in the rate
    fits "${2:-0}" '[0-9]{1,7}' || fail "$1 must be a number, not \"$2\""
    [ -n "$4" ] || [ -z "$2" ] || echo "configure-nginx: $1 has no effect without $3" >&2
    number=${4%r/*}
    echo "${2:-$((2 * ${number:-0}))}"
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
certificate=${QA_TLS_CERTIFICATE:-}
tls_port=${QA_TLS_PORT:-8443}
public_port=${QA_TLS_PUBLIC_PORT:-$tls_port}
hsts_s=${QA_TLS_HSTS_S:-63072000}
listen=${QA_LISTEN:-unix:${QA_STATE_DIR:-.local}/run/worker}
workers=${QA_WORKERS:-$(nproc)}
# As browsers send them: without a slash at the end, and without the port that the scheme implies.
origins=$(list "$(list "${QA_CORS_ORIGINS:-*}" |
    sed -E 's,/$,,; s,^(https://.*):443$,\1,; s,^(http://.*):80$,\1,')")
headers=$(list "${QA_CORS_HEADERS:-}")
proxies=$(list "${QA_TRUSTED_PROXIES:-}")
pause=${QA_PAUSE_TIMEOUT_S:-10}
access_log=${QA_ACCESS_LOG:-access.log}
error_log=${QA_ERROR_LOG:-error.log}
user=${QA_NGINX_USER:-}
shared_file=${QA_SHARED_FILE:-}
module=ngx_http_qa_pages_module.so
quotable='[^"\$]'  # what NGINX takes for itself between quotes
name='[A-Za-z0-9_][A-Za-z0-9_.-]*'

is_port "$port" || fail "PORT must be a number from 1 to 65535, not \"$port\""
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
rate=$(rate_of QA_RATE_LIMIT "${QA_RATE_LIMIT:-}")
rate_reads=$(rate_of QA_RATE_LIMIT_READS "${QA_RATE_LIMIT_READS:-}")
rate_writes=$(rate_of QA_RATE_LIMIT_WRITES "${QA_RATE_LIMIT_WRITES:-}")
burst=$(burst_of QA_RATE_BURST "${QA_RATE_BURST:-}" QA_RATE_LIMIT "$rate")
burst_reads=$(burst_of QA_RATE_BURST_READS "${QA_RATE_BURST_READS:-}" QA_RATE_LIMIT_READS "$rate_reads")
burst_writes=$(burst_of QA_RATE_BURST_WRITES "${QA_RATE_BURST_WRITES:-}" QA_RATE_LIMIT_WRITES "$rate_writes")
if [ -n "$certificate" ] && [ -z "${QA_TLS_KEY:-}" ]; then
    fail "QA_TLS_CERTIFICATE needs QA_TLS_KEY"
elif [ -z "$certificate" ]; then
    for setting in QA_TLS_KEY QA_TLS_PORT QA_TLS_PUBLIC_PORT QA_TLS_HSTS_S; do
        eval "[ -z \"\${$setting:-}\" ]" ||
            echo "configure-nginx: $setting has no effect without QA_TLS_CERTIFICATE" >&2
    done
fi
is_port "$tls_port" || fail "QA_TLS_PORT must be a number from 1 to 65535, not \"$tls_port\""
is_port "$public_port" || fail "QA_TLS_PUBLIC_PORT must be a number from 1 to 65535, not \"$public_port\""
[ -z "$certificate" ] || [ "$tls_port" != "$port" ] || fail "QA_TLS_PORT must be another than PORT, $port"
if ! fits "$hsts_s" '0|[1-9][0-9]{0,7}' || [ "$hsts_s" -gt 63072000 ]; then
    fail "QA_TLS_HSTS_S must be a number from 0 to 63072000, not \"$hsts_s\""
fi
server_timing=$(truth QA_SERVER_TIMING "${QA_SERVER_TIMING:-false}")
if ! fits "$pause" '0|[1-9][0-9]{0,2}' || [ "$pause" -gt 300 ]; then
    fail "QA_PAUSE_TIMEOUT_S must be a number from 0 to 300, not \"$pause\""
fi
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
    reason=$(cd "$directory" && nginx -t -q -p . -c module-test.conf -e stderr 2>&1) &&
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

nginx_is_from() {  # whether the NGINX here is of this version or newer
    here_is=$(nginx -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p')
    [ "$(printf '%s\n' "$1" "${here_is:-0}" | sort -V | head -n 1)" = "$1" ]
}

listen_on() {  # listen_on PORT [WORD...]
    one=$1
    shift
    echo "listen $one $*${*:+ }default_server backlog=4096;"
    if [ -n "$(cat /proc/self/net/if_inet6 2>/dev/null)" ]; then
        echo "listen [::]:$one $*${*:+ }default_server backlog=4096;"
    fi
}

listen_conf() {
    listen_on "$port"
    if [ -n "$certificate" ] && nginx_is_from 1.25.1; then
        listen_on "$tls_port" ssl
        printf '%s\n' "http2 on;" "include tls.conf;"
    elif [ -n "$certificate" ]; then
        listen_on "$tls_port" ssl http2
        echo "include tls.conf;"
    fi
}

# A read without TLS is led to it. A write is refused: its client has sent somebody's address for all to read already,
# and would not learn of it from a redirect. Probes need no TLS.
plain_conf() {
    [ -z "$certificate" ] || cat <<'END'
if ($plain_goes_to) {
    return 308 $plain_goes_to;
}
if ($plain = write) {
    return 403 '{"type":"about:blank","title":"Forbidden","status":403,"detail":"writes need TLS: use https"}';
}
END
}

tls_maps() {
    address='$tls_host'
    [ "$public_port" = 443 ] || address="\$tls_host:$public_port"
    cat <<END
map \$realpath_root \$tls_pair { default \$realpath_root; }
map \$https \$hsts { on "max-age=$hsts_s"; default ""; }
map \$host \$tls_host { _ \$server_addr; default \$host; }
map \$https \$plain { on ""; default \$without_tls; }
map "\$request_method \$uri" \$without_tls {
    "~^[^ ]* /(?:healthz|readyz)/?\$" "";
    "~^[^ ]* /problem/" "";
    "~^(?:GET|HEAD) " read;
    "~^OPTIONS " "";
    default write;
}
map \$plain \$plain_goes_to { read "https://$address\$request_uri"; default ""; }
END
}

edge_conf() {  # a variable costs each request something, so none is used where nothing is set
    [ -z "$certificate" ] || echo 'add_header Strict-Transport-Security $hsts always;'
    [ -z "$rate$rate_reads$rate_writes" ] || printf '%s\n' 'add_header RateLimit-Policy $rate_policy always;' \
        'add_header RateLimit $rate_left always;'
    if [ -n "$server_timing" ]; then
        origin='"*"'
        [ "$origins" = '*' ] || origin='$cors_origin'
        printf '%s\n' 'add_header Server-Timing $server_timing always;' "add_header Timing-Allow-Origin $origin always;"
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
    echo "proxy_read_timeout $((pause + 5))s;"
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
    [ ! -e "$directory/web/index.html" ] || leads_to='1 /demo/; '
    echo "map \$wants_page \$home { ${leads_to:-}default \"\"; }"
    [ -z "$certificate" ] || tls_maps
    [ -z "$server_timing" ] || echo 'map $qa_page $server_timing { hit "cache;desc=hit"; default ""; }'
    if [ -n "$rate$rate_reads$rate_writes" ]; then
        limits
    else
        echo 'map $status $retry_after { 503 1; }'
    fi
}

limits() {
    # The class is that of the request as it came, since a limit asks for it before an error page changes the request.
    # An empty key does not count: who watches the service is not limited.
    cat <<END
map "\$request_method \$uri" \$rate_class {
    "~^(?:GET|HEAD) /qa/" reads;
    "~^OPTIONS " "";
    "~^[^ ]* /qa/" writes;
    "~^[^ ]* /(?:healthz|readyz)/?\$" "";
    default others;
}
map \$rate_class \$limited_client { "" ""; default \$binary_remote_addr; }
map \$rate_class \$limited_reader { reads \$binary_remote_addr; default ""; }
map \$rate_class \$limited_writer { writes \$binary_remote_addr; default ""; }
limit_req_status 429;
END
    limit clients '$limited_client' "$rate" "$burst"
    limit readers '$limited_reader' "$rate_reads" "$burst_reads"
    limit writers '$limited_writer' "$rate_writes" "$burst_writes"
    for class in reads writes others; do
        case $class in
        reads) own=$rate_reads ;;
        writes) own=$rate_writes ;;
        *) own="" ;;
        esac
        tell_limits "$class" "$own"
    done
    echo "map \$rate_class \$rate_policy {${policies:-} default \"\"; }"
    echo "map \$rate_class \$limit_retry_after {${retries:-} default 1; }"
    echo "map \$rate_class \$limit_reached {${reached:-} default \"\"; }"
    echo 'map $status $rate_left { 429 $limit_reached; default ""; }'
    echo 'map $status $retry_after { 429 $limit_retry_after; 503 1; }'
}

limit() {  # limit ZONE KEY RATE BURST
    [ -n "$3" ] || return 0
    at_once=" burst=$4 nodelay"
    [ "$4" -gt 0 ] || at_once=""  # NGINX takes no 0
    printf '%s\n' "limit_req_zone $2 zone=$1:10m rate=$3;" "limit_req zone=$1$at_once;"
}

policy() {  # policy NAME RATE: an item of RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)
    case $2 in
    *r/m) printf '"%s";q=%s;w=60' "$1" "${2%r/*}" ;;
    *r/s) printf '"%s";q=%s;w=1' "$1" "${2%r/*}" ;;
    esac
}

retry_after() {  # in how many seconds a rate admits one more
    case $1 in
    *r/m) echo $(((59 + ${1%r/*}) / ${1%r/*})) ;;
    *) echo 1 ;;
    esac
}

# tell_limits CLASS RATE: adds what a class of requests is told, of the limit of its own and of that of all requests.
# How much is left NGINX does not know, but for one case: it refuses a request that one limit alone holds for.
tell_limits() {
    both=$(policy all "$rate")
    both=$both${both:+${2:+, }}$(policy "$1" "$2")
    [ -n "$both" ] || return 0
    seconds=$(retry_after "$rate")
    [ -z "$2" ] || [ "$(retry_after "$2")" -lt "$seconds" ] || seconds=$(retry_after "$2")
    policies="${policies:-} $1 '$both';"
    retries="${retries:-} $1 $seconds;"
    [ -n "$rate" ] && [ -n "$2" ] || reached="${reached:-} $1 '${both%%;*};r=0;t=$seconds';"
}

here=$(dirname "$0")
mkdir -p "$directory"
[ "$(id -u)" -ne 0 ] || [ "$(stat -Lc %u "$directory")" -eq 0 ] ||
    fail "$directory must belong to root, who would run what its owner writes there"
for file in nginx error-pages headers page-headers files log-maps tls; do
    cp "$here/$file.conf" "$directory/"
done
if [ -n "$certificate" ]; then
    "$here/take-certificate.sh" "$directory" || exit 2
else
    find "$directory/" -maxdepth 1 -name 'tls.pem*' -delete  # no key stays without use
fi
has_module=""
if [ -n "$pages_in_nginx" ] && [ -n "$shared_file" ] && [ -e "$directory/$module" ] && takes_module; then
    has_module=true
fi
for include in main module listen plain workers cors edge http pages; do
    "${include}_conf" >"$directory/$include.conf"
done
