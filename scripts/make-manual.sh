#!/bin/sh
# Writes the manual pages of the program and its commands to DIR, from what `--help` prints: so they never
# differ from it. include/cli/help.h says where those texts are.
#   make-manual.sh PROGRAM DIR
#
# Of a text this is understood; all else is a paragraph:
#   Usage: …       the synopsis, with the lines that follow it, and that begin with a blank
#   Words:         alone on a line: the heading of a section
#     term         two blanks: an item, to which the lines with six blanks belong
#     term   text  likewise, in one line
#       $ command  four blanks: an example
set -eu
export LC_ALL=C

program=$1
folder=$2
help=$(dirname "$0")/../src/cli/help

date_of_sources() {  # as the pages' dates, so that two builds are equal
    if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
        date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d
    else
        git -C "$(dirname "$0")" log -1 --format=%cs 2>/dev/null || true
    fi
}

page() {  # page NAME PURPOSE TITLE: the text comes from standard input
    awk -v name="$1" -v purpose="$2" -v title="$3" -v date="$date" -v version="$version" '
        function escaped(text) {
            gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); gsub(/\047/, "\\(aq", text)
            gsub(/`/, "\\(ga", text); gsub(/\^/, "\\(ha", text); gsub(/~/, "\\(ti", text)
            return text ~ /^\./ ? "\\&" text : text
        }
        function bold(text) { return "\\fB" escaped(text) "\\fR" }
        function leave_example() { if (in_example) print ".EE"; in_example = 0 }
        function item(term, text) {
            leave_example()
            print (was_term && text == "" ? ".TQ" : ".TP")
            print bold(term)
            was_term = text == ""; in_item = 1; is_new = 0
            if (text != "") print escaped(text)
        }
        BEGIN {
            printf ".\\\" Made from `atelier-qa --help` by scripts/make-manual.sh.\n"
            printf ".TH %s 1 \"%s\" \"atelier-qa %s\" \"Atelier Q&A\"\n", toupper(title), date, version
            printf ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.nf\n", escaped(name), escaped(purpose)
        }
        /^Usage: / { print bold(substr($0, 8)); in_usage = 1; next }
        in_usage && /^ / { print bold(substr($0, 8)); next }
        in_usage { print ".fi\n.SH DESCRIPTION"; in_usage = 0; is_new = 1; next }
        /^$/ { leave_example(); was_term = 0; was_blank = 1; next }
        /^[A-Z][A-Za-z ]*:$/ {
            leave_example(); sub(/:$/, ""); print ".SH " toupper($0); is_new = 1; in_item = 0; was_blank = 0; next
        }
        /^      / { sub(/^ +/, ""); print escaped($0); was_term = 0; next }
        /^    / {
            if (!in_example) print ".EX"
            in_example = 1; is_new = 0; sub(/^ +/, ""); print escaped($0); next
        }
        /^  [^ ]/ {
            sub(/^ +/, "")
            at = match($0, /  +/)
            rest = substr($0, RSTART + RLENGTH)
            if (at && rest !~ /^(--|\()/) item(substr($0, 1, RSTART - 1), rest); else item($0, "")
            was_blank = 0; next
        }
        {
            if ((was_blank || in_item) && !is_new) print ".PP"
            print escaped($0); is_new = was_blank = in_item = 0
        }
        END { leave_example() }'
    printf '.SH SEE ALSO\n'
    for other in "$help"/*.txt; do
        other=$(title_of "$(basename "$other" .txt)")
        [ "$other" = "$3" ] || echo "$other"
    done | sed 's/-/\\-/g; s/.*/.BR & (1),/; $s/,$//'
}

title_of() {  # title_of NAME: of a command
    [ "$1" = atelier-qa ] && echo atelier-qa || echo "atelier-qa-$1"
}

mkdir -p "$folder"
rm -f "$folder"/*.1
date=$(date_of_sources)
version=$("$program" --version | cut -d ' ' -f 2)
for text in "$help"/*.txt; do
    command=$(basename "$text" .txt)
    title=$(title_of "$command")
    if [ "$command" = atelier-qa ]; then
        "$program" --help
    else
        "$program" "$command" --help
    fi | page "$title" "$(head -n 1 "$text")" "$title" >"$folder/$title.1"
done
