#!/bin/sh
# Puts certificate and key into one file of NGINX's, which NGINX reads at each handshake (tls.conf): so a renewed
# certificate is used at once, without a reload. To be called by configure-nginx.sh, and after each renewal.
#   take-certificate.sh DIR      replaces DIR/tls.pem, a link to that file, where it has to change
#
#   QA_TLS_CERTIFICATE  the certificate, and those that lead from it to a known one, in PEM
#   QA_TLS_KEY          its key, not encrypted, in PEM
#   QA_NGINX_USER       as in configure-nginx.sh
#
# It promises that DIR/tls.pem always leads to a pair that fits: one step replaces the link, the file that it led to
# stays for a minute at least, for handshakes that have begun with it, and no file changes. Where the new certificate
# and key do not fit or cannot be read, the link stays as it was, and the exit status is 1.
set -eu

fail() {
    echo "take-certificate: $*" >&2
    exit 1
}

remove_all_but() {  # of the files that the link led to, those of these names
    for old in "$pair".*; do
        case " $* " in
        *" ${old##*/} "*) ;;
        *) rm -f "$old" ;;
        esac
    done
}

[ $# -eq 1 ] || { echo "usage: take-certificate.sh DIR" >&2; exit 2; }
if [ "$(id -u)" -eq 0 ] && [ "$(stat -Lc %u "$1")" -ne 0 ]; then
    fail "$1 belongs to $(stat -Lc %U "$1"), who must call this, so that NGINX can read what it writes"
fi
pair=$1/tls.pem
certificate=${QA_TLS_CERTIFICATE:-}
key=${QA_TLS_KEY:-}
owner=${QA_NGINX_USER:-}
if [ -z "$certificate" ] || [ -z "$key" ]; then
    fail "QA_TLS_CERTIFICATE and QA_TLS_KEY must both be set"
fi
command -v openssl >/dev/null || fail "openssl is missing, which looks whether certificate and key fit"
[ -r "$certificate" ] || fail "QA_TLS_CERTIFICATE: $(id -un) cannot read $certificate"
[ -r "$key" ] || fail "QA_TLS_KEY: $(id -un) cannot read $key"

umask 077
exec 9<"$1"
flock 9  # else two at once remove each other's file
new=$(mktemp "$pair.XXXXXX")
trap 'rm -f "$new"' EXIT
trap 'exit 1' INT HUP TERM
cat "$certificate" >"$new"
echo >>"$new"  # the file may lack it
openssl x509 -in "$new" -noout 2>/dev/null || fail "QA_TLS_CERTIFICATE: $certificate holds no certificate in PEM"
openssl pkey -in "$key" -passin pass: >>"$new" 2>/dev/null ||
    fail "QA_TLS_KEY: $key holds no key in PEM, or an encrypted one"
[ "$(openssl x509 -in "$new" -noout -pubkey)" = "$(openssl pkey -in "$new" -pubout)" ] ||
    fail "$key is not the key of $certificate"
if [ "$(id -u)" -eq 0 ] && [ -n "$owner" ]; then
    chown "$(echo "$owner" | tr ' ' :)" "$new"
fi
before=$(readlink "$pair" || true)
if [ -n "$before" ] && cmp -s "$new" "$pair"; then
    [ -z "$(find "$pair" -mmin +1)" ] || remove_all_but "$before"
    exit 0
fi
ln -sf "${new##*/}" "$pair.link"
trap - EXIT
mv -T "$pair.link" "$pair"
remove_all_but "${new##*/}" "$before"
echo "NGINX uses the certificate of $(openssl x509 -in "$pair" -noout -subject -nameopt RFC2253 | sed 's/^subject=//'), which is valid until $(openssl x509 -in "$pair" -noout -enddate | sed 's/^notAfter=//')"
openssl x509 -in "$pair" -noout -checkend 0 >/dev/null || echo "take-certificate: it has expired" >&2
