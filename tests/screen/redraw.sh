#!/usr/bin/env bash
# Only what has changed is drawn: the screen is the one that drawing everything anew gives.   usage: redraw.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
start 120x40
until_shows "run 18 ACCEPT"
((failures)) && finish # without a screen nothing further can hold
until_quiet

_rested() { # the screen does not change any more
    local now
    now=$(screen)
    sleep 0.3
    [[ $(screen) == "$now" ]]
}
body() { screen | sed '$d'; } # all but the hints: a message there ends with the next key
same() { # NAME
    local pieces
    _wait _rested ""
    pieces=$(body)
    keys C-l
    _wait _rested ""
    is "$1" "$(body)" "$pieces"
}
keys j j j
same "moving in the table"
keys 2 f f l k
same "moving in the plot"
keys + + H b
same "a part of the plot, other marks"
keys 0 b
keys 3 j j
same "scrolled details"
keys 1 p j
until_shows "> pin"
same "a pin"
"$fill" "$KVANT_DB" one
until_shows "q5_1"
same "a run of another process"
give "runs --limit 5"
until_shows "verdict"
keys 4 k k
same "the log"
keys '?' j j
same "help"
keys q
keys :
type "run k=q8_0 v=tur"
same "a line"
escape
keys z
same "one pane alone"
size 80x24
keys z 1 k
same "another size"
give "filter kld < 0.01"
until_shows "kld < 0.01"
keys j X
same "a filter, other axes"
finish
