#!/usr/bin/env bash
# Nothing that is typed brings the screen down, and everything wrong is said.   usage: nonsense.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
start 90x70
until_shows "turbo4 @0:q8_0"
((failures)) && finish

refused() { # COMMAND TEXT
    give "$1"
    until_shows "$2"
}
refused "rnu turbo4" "there is no command \"rnu\"; did you mean \"run\"?"
refused "select 999" "there is no run 999 in this database"
refused "select x" "\"x\" is no run's number"
refused "select" "select"
refused "focus nowhere" "there is no pane \"nowhere\""
refused "sort kdl" "did you mean \"kld\"?"
refused "sort kld up" "\"up\" is no direction"
refused "axes ratio kdl" "did you mean \"kld\"?"
refused "limit x" "\"x\" is no number"
refused "limit nan" "\"nan\" is no number"
refused "mouse maybe" "neither on nor off"
refused "group 9" "next, previous and 1 to 2 are"
refused "zoom 7" "there is no pane \"7\""
touch "$home/there"
refused "screen-dump there" "there is there already; --force replaces it"
refused "screen-dump none/of/this" "none/of/this cannot be written"
refused 'run "open' "is not closed"
refused "filter (" "SQL"
refused "sort --help" "the smallest first"
refused "frobnicate" "there is no command \"frobnicate\""

# keys that mean nothing; sequences that no terminal sends; bytes that are no text
keys b
until_shows "this key does nothing here"
tm send-keys -H 1b 5b 39 39 7e ff fe c3 28 80 00 1b 4f 7a 1b 5b 31 3b 39 39 52
keys F5 F12 IC DC M-x M-q C-a C-e C-t
tm send-keys -H 1b 5b 4d 20 ff ff 1b 5b 4d
keys g
until_shows "run 18 ACCEPT"
# on the line, too
keys :
tm send-keys -H ff fe c3 28 80 f0 9f
keys C-a C-e C-k C-w M-b M-f M-d F5 NPage Up Down C-c
give "select 7"
until_shows "run 7 ACCEPT"
# a line of thousands of letters
long=$(printf 'x%.0s' {1..1500})
give "run ${long:0:700}"
until_shows "> run xxxxx"
type "$long"
keys C-c
give "select 3"
until_shows "run 3 ACCEPT"

# Ctrl-C never ends it
keys C-c
until_shows "nothing runs; Q leaves"
keys :
type "half a line"
until_shows "> half a line"
keys C-c
until_gone "half a line"
kill -INT "$(<"$home/pid")"
until_shows "nothing runs; Q leaves"
escape
keys Q
until_shows "status 0"
is "the terminal is as it was" "$(<"$home/before")" "$(<"$home/after")"

# Ctrl-D on an empty line leaves, and `quit`
start 80x24
until_shows "turbo4 @0:q8_0"
keys : C-d
until_shows "status 0"
start 80x24
until_shows "turbo4 @0:q8_0"
give quit
until_shows "status 0"

# where there is no screen there is a prompt, and it says what is missing
start 80x24 -- --plain
until_shows "kvant>"
keys "sort kld" Enter
until_shows "only the lab's screen can do this"
start 80x24 TERM=dumb
until_shows "kvant>"
lacks "a dumb terminal needs no excuse" "note:" "$(screen)"
start 80x24 TERM=unheard-of
until_shows "TERM=unheard-of: no such terminal is described"
until_shows "kvant>"
start 80x24 -- lab --db "$home/other.db"
until_shows "No runs yet"
start 80x24 -- --frobnicate
until_shows "--frobnicate is no option before a command"
until_shows "status 2"
"$kvant" -c "sort kld" >"$home/out" 2>&1
is "outside of the screen its commands are refused" 2 $?
has "with a sentence" "only the lab's screen" "$(<"$home/out")"
# a database that is none: the screen says so and stays
echo "this is no database, and it is longer than a header of one would be" >"$home/broken.db"
start 80x40 -- lab --db "$home/broken.db"
until_shows "database:"
give "timing"
until_shows "first screen"
finish
