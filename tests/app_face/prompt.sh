#!/usr/bin/env bash
# The prompt as a person meets it: keys typed into tmux, the screen read.   usage: prompt.sh KVANT
command -v tmux >/dev/null || { echo "tmux is not here: the prompt is not tested"; exit 77; }
# shellcheck source=tests/app_face/check.bash
source "$(dirname "$0")/check.bash"
kvant=$1
SHELL=$(command -v bash) # tmux runs its command with it; dash would end on the Ctrl-C that kvant handles
export SHELL
# A hangup while LeakSanitizer looks around at the end makes both wait for each other, for ever.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
socket=$home/tmux
tm() { tmux -S "$socket" -f /dev/null "$@" 2>/dev/null; }
trap 'tm kill-server; rm -rf "$home"' EXIT

# Each start has a server of its own: one that was told to end may take a moment. The program's id is kept for signals.
starts=0
start() { # VARIABLE=VALUE...
    tm kill-server
    starts=$((starts + 1))
    socket=$home/tmux.$starts
    tm new-session -d -x 80 -y 24 "env $* sh -c 'echo \$\$ >$home/pid; exec \"$kvant\"'; echo status \$?; sleep 60"
    until_shows "kvant>"
    [[ $(screen) == *kvant\>* ]] || finish # without a prompt nothing further can hold
}
keys() { tm send-keys "$@"; }
screen() { tm capture-pane -p; }
until_shows() { # TEXT: waits up to 5 s for it to appear
    local i
    for ((i = 0; i < 100; i++)); do
        [[ $(screen) == *"$1"* ]] && break
        sleep 0.05
    done
    has "the screen shows" "$1" "$(screen)"
}
# What is typed reaches readline before Ctrl-C may flush it.
interrupt() {
    sleep 0.2
    keys C-c
    sleep 0.2
}

start
keys 'run turbo4 --ctx 1k' Enter
until_shows "run [turbo4] ctx=1k (ctx 1024)"

# Tab: commands, options, choices, codecs, codecs inside a config, settings
keys 'roun' Tab 'tur' Tab Tab Tab
until_shows "turbo2  turbo3  turbo4"
keys '4 --de' Tab
until_shows "kvant> roundtrip turbo4 --decoded"
interrupt
keys 'run --prot' Tab 'sn' Tab 'k=q8' Tab 'v=rotate(id' Tab
until_shows "run --protocol snapshot k=q8_0 v=rotate(identity"
interrupt
keys 'set ctx 2k' Enter 'run turbo3' Enter
until_shows "run [turbo3] (ctx 2048)"
keys 'set prot' Tab 'st' Tab Enter 'set protocol' Enter
until_shows "protocol   stream"

# Ctrl-C clears a line, and stops a command but not the program
keys 'rnu half a line'
interrupt
keys 'run after' Enter
until_shows "run [after] (ctx 2048)"
lacks "a cleared line is not run" "half" "$(screen | grep 'kvant: ')"
keys 'sweep 3000' Enter
until_shows "sweep"
sleep 0.3
until_shows "left"
interrupt
until_shows "kvant: sweep: stopped on request"
keys 'run still' Enter
until_shows "run [still]"

# a mistake leaves the prompt open
keys 'run "open' Enter
until_shows "is not closed"

# resizing redraws, and the next help is as wide as the window
tm resize-window -x 50 -y 24
sleep 0.3
keys C-l
keys 'help run' Enter
until_shows "kvant run turbo4"
tm resize-window -x 80 -y 24
sleep 0.2

# Ctrl-D leaves; the history is there next time, and private
keys C-l 'run remembered' Enter
until_shows "run [remembered]"
keys C-d
until_shows "status 0"
is "the history is private" "600" "$(stat -c %a "$home/.local/state/kvant/history")"
start
keys Up
until_shows "kvant> run remembered"
interrupt
keys ' run secret' Enter 'quit' Enter
until_shows "status 0"
lacks "a line that begins with a space is not kept" "secret" "$(<"$home/.local/state/kvant/history")"

# SIGTERM at the prompt
start
kill -TERM "$(<"$home/pid")"
until_shows "status 75"

# a dumb terminal
start TERM=dumb
keys 'run plainly' Enter
until_shows "run [plainly]"
keys 'quit' Enter
until_shows "status 0"

# a home that cannot be written to stands in nobody's way
start XDG_STATE_HOME=/proc/none
keys 'run anyway' Enter
until_shows "run [anyway]"
finish
