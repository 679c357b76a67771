#!/usr/bin/env bash
# However it ends, the terminal is given back; suspended and resumed, detached and attached it goes on.
# usage: signals.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1

begin() {
    start "$@"
    until_shows "turbo4 @0:q8_0"
    ((failures)) && finish
}
alternate() { tm display -p '#{alternate_on}'; }
given_back() { # WHAT: the modes are as before, the screen is the first one, the cursor and the mouse are the shell's
    until_shows "status"
    is "$1: modes" "$(<"$home/before")" "$(<"$home/after")"
    is "$1: alternate screen, hidden cursor, mouse, keypad" "0 1 0 0" \
        "$(tm display -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag}')"
}

begin 80x24
is "the screen is the alternate one" 1 "$(alternate)"
for signal in SEGV BUS FPE ILL ABRT QUIT USR1 ALRM; do
    [[ $signal == SEGV ]] || begin 80x24
    kill -"$signal" "$(<"$home/pid")"
    given_back "SIG$signal"
    lacks "SIG$signal is not swallowed" "status 0" "$(screen)"
done
for signal in TERM HUP; do
    begin 80x24
    kill -"$signal" "$(<"$home/pid")"
    given_back "SIG$signal"
    until_shows "status 75"
done

# a command that is at work is stopped, too
begin 80x24
give "verify --all"
until_shows "> verify --all"
kill -TERM "$(<"$home/pid")"
given_back "SIGTERM with a command at work"
is "nothing is left behind" "" "$(pgrep -f "$kvant verify --all")"

# suspend and resume, as a shell does it
tm kill-server
socket=$home/tmux.shell
tm new-session -d -x 80 -y 24 "cd $home && PS1='shell> ' bash --norc -i"
until_shows "shell>"
keys "stty -a >before; $kvant; stty -a >after; echo status \$?" Enter
until_shows "turbo4 @0:q8_0"
keys C-z
until_shows "Stopped"
is "suspended: the shell's screen" 0 "$(alternate)"
keys "stty -a >during; jobs -p >pid" Enter
keys "fg" Enter
until_shows "turbo4 @0:q8_0"
is "resumed: our screen" 1 "$(alternate)"
is "suspended: the shell's modes" "$(<"$home/before")" "$(<"$home/during")"
keys j
until_shows "run 17 ACCEPT"
keys C-l
until_shows "run 17 ACCEPT"
until_quiet
# stopped without being asked, after which everything must be drawn again
kill -STOP "$(<"$home/pid")"
until_shows "shell>"
keys "fg" Enter
until_shows "turbo4 @0:q8_0"
keys j
until_shows "run 16 ACCEPT"
keys Q
until_shows "status"

# detached, attached to a window of another size
begin 80x24
tm detach-client
keys j
size 120x40
until_shows "4 log"
until_shows "run 17 ACCEPT"
# the terminal is closed
pid=$(<"$home/pid")
tm kill-server
_gone() { ! kill -0 "$pid" 2>/dev/null; }
_wait _gone ""
kill -0 "$pid" 2>/dev/null
is "a closed terminal ends the lab" 1 $?
finish
