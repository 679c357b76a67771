#!/usr/bin/env bash
# The manual page is well formed and says what the table says.   usage: manual.sh KVANT
# shellcheck source=tests/app_face/check.bash
source "$(dirname "$0")/check.bash"
kvant=$1
"$kvant" manual >"$home/kvant.1"
is "the same page each time" "$(<"$home/kvant.1")" "$("$kvant" manual)"
page=$(<"$home/kvant.1")
has "the commands" ".SS sweep" "$page"
lacks "not the hidden ones" ".SS worker" "$page"
has "options with escaped hyphens" '\fB\-\-dry\-run\fR' "$page"
has "statuses" '\fB75\fR' "$page"
if command -v groff >/dev/null; then
    is "groff has no complaint" "" "$(groff -ww -man -Tutf8 -z "$home/kvant.1" 2>&1)"
    has "it reads as a page" "kvant - a terminal lab" "$(groff -man -Tascii "$home/kvant.1" 2>/dev/null | tr -s ' ')"
else
    echo "groff is not here: the page is not rendered"
fi
if command -v mandoc >/dev/null; then
    is "mandoc has no complaint" "" "$(mandoc -Tlint -Wwarning "$home/kvant.1" 2>&1)"
fi
finish
