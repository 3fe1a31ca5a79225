#!/bin/sh
# Installs what was built, or removes it again: `make install`, `make uninstall`.
#   install.sh install|uninstall|list
#
#   DESTDIR     a folder that stands for / while a package is made (none)
#   PREFIX      (/usr/local)
#   SYSCONFDIR  settings (/etc; PREFIX/etc where PREFIX is neither /usr nor /usr/local)
#   BUILD       where the program was built (build/release)
#
# files() is the one list of all that is installed. A file of settings that is there is left as it is.
set -eu
cd "$(dirname "$0")/.."
umask 022

DESTDIR=${DESTDIR:-}
PREFIX=${PREFIX:-/usr/local}
BUILD=${BUILD:-build/release}
case $PREFIX in
/usr | /usr/local) SYSCONFDIR=${SYSCONFDIR:-/etc} ;;
*) SYSCONFDIR=${SYSCONFDIR:-$PREFIX/etc} ;;
esac
case $PREFIX in
/*) ;;
*) echo "install: PREFIX must be an absolute path, not \"$PREFIX\"" >&2; exit 2 ;;
esac
lib=$PREFIX/lib/atelier-qa
share=$PREFIX/share/atelier-qa
doc=$PREFIX/share/doc/atelier-qa

# One line each: how, from where, to where. How is a mode; `tree`, a folder with all that is in it; `text`, a file
# whose @bindir@, @libdir@ and @sysconfdir@ are replaced; or `settings`, likewise, but only where there is none.
files() {  # files install|uninstall|list; `uninstall` names the module also where none is built here
    echo "755 $BUILD/atelier-qa $PREFIX/bin/atelier-qa"
    # NGINX: its module, its configuration, and what makes the parts that differ.
    if [ "$1" = uninstall ] || [ -e "$BUILD/ngx_http_qa_pages_module.so" ]; then
        echo "644 $BUILD/ngx_http_qa_pages_module.so $lib/ngx_http_qa_pages_module.so"
    fi
    for script in configure-nginx.sh prepare-nginx.sh take-certificate.sh; do
        echo "755 deploy/$script $lib/$script"
    done
    for part in deploy/*.conf; do
        [ "$part" = deploy/postgresql.conf ] || echo "644 $part $lib/${part##*/}"
    done
    # What NGINX serves: the demo page, the widget, the API's reference, the sample data's photos.
    echo "tree web $share/web"
    echo "tree build/reference $share/reference"
    echo "tree build/photos $share/photos"
    # systemd, and the settings that its units name.
    for unit in deploy/systemd/*.service deploy/systemd/*.socket deploy/systemd/*.timer; do
        echo "text $unit $PREFIX/lib/systemd/system/${unit##*/}"
    done
    echo "644 deploy/systemd/sysusers.conf $PREFIX/lib/sysusers.d/atelier-qa.conf"
    echo "settings deploy/systemd/settings.env $SYSCONFDIR/atelier-qa/settings.env"
    echo "644 deploy/logrotate $SYSCONFDIR/logrotate.d/atelier-qa"
    # What people read.
    for text in src/cli/help/*.txt; do
        page=atelier-qa-$(basename "$text" .txt).1
        [ "$page" != atelier-qa-atelier-qa.1 ] || page=atelier-qa.1
        echo "644 build/manual/$page $PREFIX/share/man/man1/$page"
    done
    echo "644 deploy/completion/atelier-qa $PREFIX/share/bash-completion/completions/atelier-qa"
    for text in README.md CHANGELOG.md SECURITY.md LICENSE docs/*.md docs/openapi.yaml docs/decisions/*.md; do
        echo "644 $text $doc/$text"
    done
    echo "tree docs/images $doc/docs/images"
}

fill_in() {  # fill_in FROM TO
    sed "s,@bindir@,$PREFIX/bin,g; s,@libdir@,$lib,g; s,@sysconfdir@,$SYSCONFDIR,g" "$1" >"$2"
    chmod 644 "$2"
}

install_tree() {  # install_tree FROM TO
    rm -rf "$2"
    cp -R "$1" "$2"
    find "$2" -type d -exec chmod 755 {} +
    find "$2" -type f -exec chmod 644 {} +
}

install_one() {  # install_one HOW FROM TO
    install -d "$(dirname "$3")"
    case $1 in
    tree) install_tree "$2" "$3" ;;
    text) fill_in "$2" "$3" ;;
    settings) [ -e "$3" ] || fill_in "$2" "$3" ;;
    *) install -m "$1" "$2" "$3" ;;
    esac
}

uninstall_one() {  # uninstall_one HOW TO
    case $1 in
    settings) ;;
    tree) rm -rf "$2" ;;
    *) rm -f "$2" ;;
    esac
}

case ${1:-} in
install)
    files "$1" | while read -r how from to; do
        install_one "$how" "$from" "$DESTDIR$to"
    done
    ;;
uninstall)
    files "$1" | while read -r how _ to; do
        uninstall_one "$how" "$DESTDIR$to"
    done
    for folder in "$lib" "$share" "$doc/docs/decisions" "$doc/docs" "$doc"; do
        rmdir "$DESTDIR$folder" 2>/dev/null || true  # others may have put something there
    done
    ;;
list) files "$1" ;;
*)
    echo "usage: install.sh install|uninstall|list" >&2
    exit 2
    ;;
esac
