#!/usr/bin/env bash
# What is pasted is text: no keys of a pane, line by line, whoever had the keys.   usage: paste.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
paste() { # TEXT: as a terminal pastes it into a program that has asked to be told
    tm set-buffer "$1"
    tm paste-buffer -p
}
listen() { tm pipe-pane "cat >$home/sent"; } # to what the terminal is sent from now on
told_off() { grep -qa $'\033\\[?2004l' "$home/sent"; }

start 100x40
until_shows "turbo4 @0:q8_0"
((failures)) && finish # without a screen nothing further can hold

# from a pane: Q would leave, q and j would move
paste $'set seed 7\nset seed\n\n\tunset seed\r\nQ'
until_shows "> unset seed"
until_shows "seed (default)"
until_shows "> Q" # a line that is begun is not given
escape
keys j
until_shows "run 17 ACCEPT"
lacks "no line was a key" "leave" "$(screen)"

# from `:`, which takes one line and gives the keys back, and from the line that stays
keys :
type "set "
paste $'seed 8\nset seed 9\n'
until_shows "> set seed 9"
until_shows "seed 9"
keys j
until_shows "run 16 ACCEPT"
keys Tab Tab Tab Tab
type "set "
paste $'seed 10\nset seed 11\n'
until_shows "seed 11"
type "unset "
paste "seed"
until_shows "> unset seed"
keys Enter
until_shows "seed (default)"
escape

keys :
paste $'set seed 8\nset se' # what is begun goes on as it is typed
type "ed 13"
keys Enter
until_shows "> set seed 13"

# keys within it are none: no completion, no search, nothing that runs what was found
keys 4 : C-r
type "seed 1"
until_shows "reverse-i-search"
paste $'sort\x1b[A\x12 ratio\x04\n'
until_shows "> sort ratio"
keys 1
until_shows "> focus runs"

# pressed while nothing was found yet, Ctrl-C ends the search and not what runs
give "sql WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
running() { pgrep -P "$(<"$home/pid")" -f ' -c ' >/dev/null; }
_wait running ""
keys : C-r
until_shows "reverse-i-search"
keys C-c
until_gone "reverse-i-search"
is "it still runs" yes "$(running && echo yes)"
keys C-c
until_shows "stopped, "
escape

# the end of a paste that never came: what is typed after a pause is typed
keys :
tm send-keys -H 1b 5b 32 30 30 7e
type "set seed 12"
until_shows "> set seed 12"
sleep 2.2
keys C-c
until_gone "> set seed 12"

# however it ends, the terminal is told
escape
listen
keys Q
until_shows "status 0"
_wait told_off ""
is "nothing is marked afterwards" yes "$(told_off && echo yes)"
for signal in SEGV TERM; do
    start 100x40
    until_shows "turbo4 @0:q8_0"
    listen
    kill -$signal "$(<"$home/pid")"
    until_shows "status "
    _wait told_off ""
    is "nor after SIG$signal" yes "$(told_off && echo yes)"
done
finish
