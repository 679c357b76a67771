#!/usr/bin/env bash
# What the screen looks like, as files: golden/NAME.txt.   usage: golden.sh KVANT FILL
# REGOLD=1 writes them anew (regold.sh); look at the difference before keeping it.
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1

codes() { # the escape sequences of what is seen, without their escape
    tm capture-pane -pe | grep -o '\[[0-9;]*m' | sort -u
}
begin() {
    start "$@"
    until_shows "turbo4 @0:q8_0"
    _shows "turbo4 @0:q8_0" || finish # without a screen nothing further can hold
    until_quiet
}

begin 80x24
dump 80x24 --looks
colors=$(codes)
has "families have the terminal's own colours" "[35m" "$colors"
is "nothing has a background" "" "$(grep -E '[[;](4[0-8]|10[0-7])[;m]' <<<"$colors")"
keys 2 x X
until_shows "axes bits_per_value dppl"
dump 80x24_axes --looks
keys 3 z
dump 80x24_details --looks
escape
keys ?
until_shows "Everywhere"
has "a key that stands for a command says so" "(group next)" "$(screen)"

begin 80x24 NO_COLOR=1
keys j j
dump 80x24_no_color --looks
is "without colour there is none" "" "$(codes | grep -E '[[;](3[0-8]|9[0-7])[;m]')"
has "the chosen run is reversed" "7m" "$(codes)"
begin 80x24 TERM=vt100
is "a monochrome terminal is sent none" "" "$(codes | grep -E '[[;](3[0-8]|9[0-7])[;m]')"
begin 80x24 LC_ALL=C
dump 80x24_ascii --looks
keys Enter
dump 80x24_ascii_details

begin 120x40
dump 120x40 --looks
begin 120x40 NO_COLOR=1 -- lab --ascii
dump 120x40_ascii --looks
begin 200x50
dump 200x50
begin 40x10
dump 40x10
rm "$KVANT_DB"
start 80x24
until_shows "No runs yet"
escape
dump 80x24_empty
finish
