#!/usr/bin/env bash
# What a shell sees of kvant: statuses, streams, colour, width.   usage: shell.sh KVANT
# shellcheck source=tests/app_face/check.bash
source "$(dirname "$0")/check.bash"
kvant=$1
escape=$'\033'

status() { # EXPECTED WORDS...
    local expected=$1
    shift
    "$kvant" "$@" >"$home/out" 2>"$home/err" </dev/null
    is "status of: $*" "$expected" $?
    out=$(<"$home/out")
    err=$(<"$home/err")
}

# statuses, and which stream says what
status 0 help
is "help says nothing on stderr" "" "$err"
status 0 --help
status 0 run --help
has "--help is the command's help" "usage: kvant run" "$out"
status 0 --version
status 2 rnu
is "an error is one line on stderr" 'kvant: there is no command "rnu"; did you mean "run"?' "$err"
is "and nothing on stdout" "" "$out"
status 2 run --modle x turbo4
has "the nearest option is offered" 'did you mean "--model"?' "$err"
status 2 run
has "what is missing is named" "CONFIG is missing" "$err"
status 2 show 1 2
has "what is too much is named" '"2" is one argument too many' "$err"
status 2 set model x
has "a command of the prompt says so" "is for the prompt" "$err"
status 2 --frobnicate
status 2 -c
status 2 -c help nonsense
status 2 run turbo4 --json --frob
has "with --json an error is the same line" "kvant: run:" "$err"
is "and stdout stays empty" "" "$out"

# words
status 0 run k=q8_0 v=turbo3
is "the words of a config are one argument" "run [k=q8_0 v=turbo3] (ctx 512)" "$out"
status 0 sweep --dry-run turbo4 'k=q8_0 v=turbo3'
has "each word of a sweep is a config" "sweep [turbo4] [k=q8_0 v=turbo3]" "$out"
status 0 run -- --model
is "-- ends the options" "run [--model] (ctx 512)" "$out"
status 0 show -1
has "a negative number is an argument" "show [-1]" "$out"

# lines from -c and from standard input
status 0 -c 'set ctx 2k' -c 'run turbo4'
is "-c lines are one session" "run [turbo4] (ctx 2048)" "$out"
status 2 -c 'rnu' -c 'run turbo4'
is "the first line that fails is the last" "" "$out"
printf '%s\n' 'set ctx 1k' '# a comment' '' 'run turbo4 --ctx 8' 'run turbo3' quit 'run never' |
    "$kvant" >"$home/out" 2>"$home/err"
is "a script may end early" 0 $?
is "a script's lines share settings" $'run [turbo4] ctx=8 (ctx 8)\nrun [turbo3] (ctx 1024)' "$(<"$home/out")"
printf 'run a\nrnu\nrun b\n' | "$kvant" >"$home/out" 2>"$home/err"
is "a script fails with its line's status" 2 $?
has "and names the line" "stopped at line 2" "$(<"$home/err")"
is "and runs no further" "run [a] (ctx 512)" "$(<"$home/out")"

# output that cannot be written
"$kvant" help >/dev/full 2>"$home/err"
is "a full disk is an error" 3 $?
has "with its reason" "No space left on device" "$(<"$home/err")"
"$kvant" manual 2>"$home/err" | head -1 >/dev/null
is "a reader that leaves is no error" "0" "${PIPESTATUS[0]}"
is "and no message" "" "$(<"$home/err")"
"$kvant" manual 2>"$home/err" | true
is "nor one that never reads" "" "$(<"$home/err")"

# colour
status 0 help
lacks "no colour off a terminal" "$escape" "$out"
status 0 help --color=always
has "unless it is asked for" "$escape" "$out"
NO_COLOR=1 status 0 help --color=always
has "an option wins over NO_COLOR" "$escape" "$out"
status 2 help --color=blue
has "the choices are listed" "auto always never" "$err"
if command -v script >/dev/null; then
    on_terminal() { script -qec "$*" /dev/null </dev/null; }
    has "colour on a terminal" "$escape" "$(on_terminal "$kvant" help)"
    lacks "not with NO_COLOR" "$escape" "$(NO_COLOR=1 on_terminal "$kvant" help)"
    lacks "not with --color=never" "$escape" "$(on_terminal "$kvant" help --color=never)"
    lacks "not on a dumb terminal" "$escape" "$(TERM=dumb on_terminal "$kvant" help)"
    has "an empty NO_COLOR does not count" "$escape" "$(NO_COLOR='' on_terminal "$kvant" help)"
else
    echo "script(1) is not here: colour on a terminal is not tested"
fi

# width
longest() { awk '{ if (length > n) n = length } END { print n }'; }
(($(COLUMNS=50 "$kvant" help run | longest) <= 50))
is "COLUMNS is the width" 0 $?
(($(COLUMNS=50 "$kvant" help run | longest) > 40))
is "and all of it is used" 0 $?
is "nonsense in COLUMNS is ignored" "$("$kvant" help run)" "$(COLUMNS=x "$kvant" help run)"

# progress belongs to stderr, sparsely off a terminal
"$kvant" sweep 20 >"$home/out" 2>"$home/err"
is "data alone on stdout" "swept 20" "$(<"$home/out")"
is "quick work leaves two lines in a log" 2 "$(wc -l <"$home/err")"
lacks "without escapes" "$escape" "$(<"$home/err")"

# signals; with job control, since a shell without it starts what runs behind it deaf to Ctrl-C
set -m
for signal in INT TERM HUP; do
    "$kvant" sweep 2000 >"$home/out" 2>"$home/err" &
    listens $!
    kill -"$signal" $!
    wait $!
    is "SIG$signal ends a command in good order" 75 $?
    has "saying so" "stopped on request" "$(<"$home/err")"
done
set +m

# JSON
if command -v jq >/dev/null; then
    names=$("$kvant" help --json | jq -r '.[].name' | tr '\n' ' ')
    has "the table as JSON" "run sweep merge recipe" "$names"
    lacks "without what is hidden" "worker" "$names"
    is "one command as JSON" "512" "$("$kvant" help run --json | jq -r '.options[] | select(.name == "ctx").default')"
    is "settings as JSON" "1k" "$("$kvant" -c 'set ctx 1k' -c 'set --json' | jq -r .ctx)"
else
    echo "jq is not here: JSON is not tested"
fi
finish
