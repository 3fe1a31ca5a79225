#!/bin/sh
# Makes DIR the prefix of an NGINX for an installed service: configures it (configure-nginx.sh) with the settings that
# the service has, from the environment and QA_ENV_FILE, and links what it serves.
#   prepare-nginx.sh DIR
#   prepare-nginx.sh DIR --certificate    only has the NGINX that runs there use a renewed one (take-certificate.sh)
#
# Then:  nginx -p DIR/ -c nginx.conf -e stderr
#
# Secrets are neither needed nor read, so that NGINX's user need not be able to.
set -eu

fail() {
    echo "prepare-nginx: $*" >&2
    exit 2
}

case $#:${2:-} in
1: | 2:--certificate) ;;
*) fail "usage: prepare-nginx.sh DIR [--certificate]" ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
prefix=${here%/lib/atelier-qa}
program=$prefix/bin/atelier-qa
share=$prefix/share/atelier-qa
module=ngx_http_qa_pages_module.so

settings() {  # settings [--elsewhere]: as the program understands them
    env -u DATABASE_URL_FILE -u QA_OWNER_DATABASE_URL_FILE -u QA_MODERATION_DATABASE_URL_FILE \
        -u QA_MODERATION_TOKENS_FILE -u QA_READ_DATABASE_URL_FILE DATABASE_URL=- QA_READ_DATABASE_URL=- \
        QA_OWNER_DATABASE_URL=- QA_MODERATION_DATABASE_URL=- \
        "$program" settings "$@"
}

elsewhere=$(settings --elsewhere)
own=$(settings 2>/dev/null)
while IFS= read -r line; do
    [ -z "$line" ] || export "${line?}"
done <<END
$elsewhere
$(printf '%s\n' "$own" | sed -n -E 's/^#?((QA_LISTEN|QA_WORKERS|QA_SHARED_FILE|QA_PAUSE_TIMEOUT_S|QA_SERVER_TIMING)=)/\1/p')
END
if [ $# -eq 2 ]; then
    [ -n "${QA_TLS_CERTIFICATE:-}" ] || exit 0
    exec "$here/take-certificate.sh" "$1"
fi
case $QA_LISTEN in
unix:/* | *:[0-9]*) ;;
*) fail "QA_LISTEN must have an absolute path, not \"$QA_LISTEN\"; set QA_STATE_DIR to one" ;;
esac
case $QA_SHARED_FILE in
/*) ;;
*) fail "QA_SHARED_FILE must be an absolute path, not \"$QA_SHARED_FILE\"; set QA_STATE_DIR to one" ;;
esac
# A service manager says where logs belong.
if [ -n "${LOGS_DIRECTORY:-}" ]; then
    export QA_ACCESS_LOG="${QA_ACCESS_LOG:-$LOGS_DIRECTORY/access.log}" QA_ERROR_LOG="${QA_ERROR_LOG:-stderr}"
fi

mkdir -p "$1"
for folder in web reference photos; do
    ln -sfn "$share/$folder" "$1/$folder"
done
rm -f "$1/$module"
for place in "$here" /usr/lib/nginx/modules; do
    [ -e "$1/$module" ] || [ ! -e "$place/$module" ] || ln -s "$place/$module" "$1/$module"
done
exec "$here/configure-nginx.sh" "$1"
