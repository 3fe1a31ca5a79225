#!/bin/sh
# Whether a program was built so that an error in it is hard to exploit. Prints what is missing; exit
# status 1 when something is.
#   check-hardening.sh PROGRAM
set -eu

program=$1
missing=""

need() { # need WHAT PATTERN, in what readelf tells
    printf '%s\n' "$told" | grep -Eq "$2" || missing="$missing$1, "
}

told=$(LC_ALL=C readelf --wide --file-header --program-headers --dynamic --symbols "$program")
need "position independence (-pie)" '^ *Type: +DYN '
need "read-only relocations (-z relro)" '^ *GNU_RELRO '
need "binding at start (-z now)" '\(FLAGS_1\).*NOW'
need "a stack that is not executable" '^ *GNU_STACK .* RW +0x'
need "stack protector (-fstack-protector-strong)" ' __stack_chk_fail(@| |$)'
need "fortified functions (-D_FORTIFY_SOURCE=2)" ' __[a-z]+_chk(@| |$)'

[ -z "$missing" ] || {
    echo "$program lacks ${missing%, }" >&2
    exit 1
}
