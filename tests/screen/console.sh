#!/usr/bin/env bash
# Commands given on the screen: typed, completed, searched for, stopped, crashed, flooding.   usage: console.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
ASAN_OPTIONS+=:handle_segv=0 # a sanitizer would make an exit of the signal
export KVANT_MODEL=$PWD/tests/data/arch/llama.gguf
lab() { cat "$home/pid"; }
children() { pgrep -P "$(lab)" -f -- ' -c '; } # commands; not what answers while one types
no_child() { ! children >/dev/null; }
a_child() { children >/dev/null; }
line() { # TEXT: on the command line, and left there
    keys :
    type "$1"
}
running() { # RUNS: a sweep that takes a while, begun
    give "sweep turbo2 turbo3 turbo4 q4_0 q8_0 --force --passages $1"
    _wait a_child ""
}

start 100x40
until_shows "4 log"
((failures)) && finish # without a screen nothing further can hold
# a paste of several lines gives them one after the other
tm set-buffer $'set seed 7\nset seed\nunset seed\n'
tm paste-buffer
until_shows "> unset seed"
until_shows "seed (default)"

escape
give "zoom log"
until_shows "> zoom log"

# what a config costs is said while it is typed, and what is wrong with it
line "run k=q8_0 v=q4_0"
until_shows "6.500 bits/value (k 8.500, v 4.500)"
type "0"
until_shows "^ "
keys BSpace
until_shows "6.500 bits/value"
keys C-c
until_gone "6.500 bits/value"

# by the line's own model, context and database
bits() { "$kvant" config "$@" --json | jq -r .bits_per_value | LC_ALL=C xargs printf %.3f; }
if command -v jq >/dev/null; then
    short=$(bits 'window(q4_0,n=64)' --ctx 128) long=$(bits 'window(q4_0,n=64)' --ctx 1024)
    lacks "the context matters" "$short" "$long"
    line "run 'window(q4_0,n=64)' --ctx 128 "
    until_shows "$short bits/value"
    keys C-c
    type "run 'window(q4_0,n=64)' --ctx=1024 "
    until_shows "$long bits/value"
    keys C-c
else
    keys :
fi
type "run q8_0 --model nowhere.gguf"
until_shows "nowhere.gguf: "
keys C-c
"$kvant" profile mine --base 'k=q8_0 v=q4_0' >/dev/null 2>&1
"$kvant" profile other --base q8_0 --db "$home/profiles.db" >/dev/null 2>&1
type "run profile=mi"
until_shows "mi"
type "ne"
until_shows "6.500 bits/value"
keys C-c
type "run profile=mine @0:f16"
until_shows "9.667 bits/value"
keys C-c
type "run profile=other --db profiles.db "
until_shows "8.500 bits/value"
keys C-c
type "run profile=none q"
until_shows "there is no profile"
keys C-c

# a sweep's line stands for many
type "sweep 'polar(bits=2..3)' q8_0 {q4_0,q5_0}"
until_shows "5 configs, "
until_shows " to 8.50 bits/value"
type " --k q8_0 "
until_shows "6 configs, "
type "--v q8_0,f16 "
until_shows "6 configs, " # q8_0 is there already
until_shows " to 12.25 bits/value"
keys C-c
type "sweep --k q8_0 "
until_shows "12.250 bits/value"
keys C-c
type "sweep 'polar(bits=2..9)'"
until_shows "bits is out of range"
keys C-c
type "run profile=m"
keys Tab
until_shows "> run profile=mine"
keys C-c
type "sql slop"
keys Tab
until_shows "> sql slope"
keys C-c
escape

# Tab completes: commands, options, choices, codecs, parameters with their range
keys :
type "roundt"
keys Tab
until_shows "> roundtrip"
keys C-c
type "run --prot"
keys Tab
type "sn"
keys Tab
until_shows "> run --protocol snapshot"
type "polar(bi"
keys Tab
until_shows "polar(bits="
until_shows "bits per"
type "3) --c"
keys Tab
until_shows "--ctx"
until_shows "--calibration"
keys C-c

# a command runs, its output is in the log, and it is remembered
give "run q8_0 --ctx 64 --passages 2"
until_shows "> run q8_0 --ctx 64"
until_shows "cost     "
keys :
keys Up
until_shows "> run q8_0 --ctx 64 --passages 2"
keys C-c
give "help unset" # an answer that is not the run's
until_shows "Forgets a value"
keys :
keys C-r
type "ctx"
until_shows "(reverse-i-search)\`ctx': run q8_0 --ctx 64"
keys C-g
escape

# a mistake is one line; the line is not lost for want of a screen
line "rnu"
until_shows "did you mean \"run\"?"
keys Enter
until_shows "kvant: there is no command \"rnu\"; did you mean \"run\"?"
give "set ctx 64"
give "set passages 2"
give "show 99999"
until_shows "-- exit 3, "

# two at once; Ctrl-C stops the newer one, then the other
running 4000
give "sql SELECT 40 + 2 AS answer"
until_shows "42"
until_gone "] sql SELECT" # the lab has seen its end
keys C-c
until_shows "stopped, "
_wait no_child ""
is "nothing runs any more" "" "$(children)"

# a command that crashes, and one that is killed
running 4000
kill -SEGV "$(children | head -1)"
until_shows "killed by signal 11"
running 4000
kill -KILL "$(children | head -1)"
until_shows "killed by signal 9"
running 4000
kill -STOP "$(children | head -1)"
keys C-c
until_shows "-- stopped, "
_wait no_child ""
is "a stopped command can be stopped" "" "$(children)"

# 20 MB of output: keys are heard, memory stays, and the end is seen
give "sql --mode csv WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 400000) SELECT printf('%049d', x) FROM c"
line "never given"
until_shows "> never given"
patience=150 until_shows "0000000000000000000000000000000000000000000400000"
keys C-c
memory=$(awk '/^VmHWM/ { print $2 }' "/proc/$(lab)/status")
is "the log is kept short" "yes" "$( ((memory < 400000)) && echo yes || echo "$memory KiB")"

# the session as a recipe
give "save session.lua"
until_shows "> save session.lua"
until_written session.lua
has "a run is saved" 'lab.run{ "q8_0", passages = 2, ctx = 64 }' "$(sed 's/ctx = 64, passages = 2/passages = 2, ctx = 64/' "$home/session.lua")"
has "a setting is saved" 'lab.set("ctx", "64")' "$(<"$home/session.lua")"
has "a mistake is saved as a comment" '-- exit 2: rnu' "$(<"$home/session.lua")"
lacks "the screen's own commands are not saved" "zoom" "$(<"$home/session.lua")"
if command -v luac5.4 >/dev/null; then is "it is Lua" "" "$(luac5.4 -p "$home/session.lua" 2>&1)"; fi

# and runs again: what it says is done once, and the second time it is there
export KVANT_DB=$home/session.db
seq 1 4000 >"$home/text"
start 100x150 COLUMNS=100 # high, so that a long answer does not push its command off the screen
until_shows "4 log"
escape
give "zoom log"
saved=("set ctx 64" "set passages 2" "set text text" "run q8_0 --threads 2" "sweep 'polar(bits=2..3)'" "frontier --json"
    "calibrate --once --rows 128" "filter kld < 1" "report -o here.md" "recipe mine.kvant" "sql SELECT count(*) FROM runs"
    "profile mine --base q8_0" "run profile=mine" "cache clear" "sql --write --yes DELETE FROM pins")
printf '# mine\nsweep turbo4\n' >"$home/mine.kvant"
for command in "${saved[@]}"; do
    give "$command"
    until_shows "> ${command:0:60}"
    _wait no_child ""
done
give "save again.lua"
until_shows "> save again.lua"
until_written again.lua
session=$(<"$home/again.lua")
has "what a recipe may not do is a comment with its reason" '-- sql: a recipe may not use write without --unsafe: sql --write' "$session"
has "a recipe that was run is in it" 'lab.command "recipe mine.kvant"' "$session"
again() { (cd "$home" && "$kvant" recipe again.lua --db "$home/anew.db" --model "$KVANT_MODEL" 2>&1); }
said=$(again)
is "a session that was saved can be run" 0 "$?$( (($? == 0)) || echo "$said$session")"
runs() { "$kvant" sql --db "$home/anew.db" --mode csv "SELECT group_concat(config, ' ') FROM (SELECT config FROM v_runs WHERE config <> 'identity' ORDER BY config, id)" | tail -1 | tr -d '\r'; }
first=$(runs)
is "with all its runs, beside those of sweeps that check themselves" "polar(bits=2) polar(bits=3) q8_0 turbo4" "$first"
said=$(again)
is "and again" 0 "$?"
is "when everything is there" "$first" "$(runs)"

# the terminal goes away: so does all that runs
give "unset text"
running 4000
pid=$(lab) child=$(children | head -1)
tm kill-server
gone() { ! kill -0 "$1" 2>/dev/null; }
_wait gone "$pid"
is "the lab has left" "" "$(ps -o pid= -p "$pid")"
_wait gone "$child"
is "nothing is left behind" "" "$(ps -o pid= -p "$child")"

# history is kept, and private
start 80x24
until_shows "4 log"
is "the history is private" "600" "$(stat -c %a "$home/.local/state/kvant/history")"
keys : Up
until_shows "> sweep turbo2"
finish
