#!/usr/bin/env bash
# Every size of the window, in every direction, while it is used.   usage: sizes.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
start 80x24
until_shows "turbo4 @0:q8_0"
((failures)) && finish
until_quiet
first=$(screen)

size 300x80
until_shows "layer K error"
keys '?'
until_shows "lists all commands"
keys q
size 40x10
until_gone "3 details"
until_shows "1 runs"
keys 3
until_shows "3 details"
keys 4
until_shows "> focus log"
give "runs --limit 3"
until_shows "3.765x"
keys 2
until_shows "2 frontier"
keys 1
until_shows "1 runs"
for tiny in 1x1 2x2 80x1 1x24 5x3 80x2 80x3 20x5 300x2 2x80 75x19 76x20 115x24 116x24 189x20 190x20; do
    size "$tiny"
    keys j k Tab Tab BTab BTab '?' q : x Escape
    sleep 0.1
done
size 80x24
until_quiet
escape
keys q 1
until_shows "3 details"
until_quiet
is "back at 80x24 the panes are as they were" "$(head -19 <<<"$first")" "$(screen | head -19)"

# with a pane zoomed, and with a line being typed
keys 3 z
size 120x30
until_shows "layer K error"
keys z :
type "sort kld"
size 60x16
until_shows "> sort kld"
size 200x60
until_shows "> sort kld"
keys Enter
until_shows "> sort kld"
size 10x4
sleep 0.2
size 80x24
until_shows "3 details"
keys Q
until_shows "status 0"

# COLUMNS and LINES of a shell that was another size once
start 100x30 COLUMNS=40 LINES=10
until_shows "3 details"
finish
