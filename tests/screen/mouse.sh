#!/usr/bin/env bash
# The mouse: it chooses panes, runs and points, its wheel moves; and it can be left to the terminal.   usage: mouse.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
start 120x40
until_shows "run 18 ACCEPT"
((failures)) && finish # without a screen nothing further can hold
until_quiet
is "the mouse is the lab's" 1 "$(tm display -p '#{mouse_any_flag}')"
row_of() { screen | grep -n -- "$1" | head -1 | cut -d: -f1; }

# a click on a row chooses its run, also when another pane has the keys
click 0 30 "$(row_of ' 9  7.529')"
until_shows "run 9 MARGINAL"
keys 4
until_shows "> focus log"
sleep 0.5 # or it would be the second of two
click 0 30 "$(row_of 'kivi(bits=2)')"
until_shows "run 13 REJECT"
keys j
until_shows "run 12 ACCEPT?" # the table has the keys
click 0 30 "$(row_of '1 runs')" # its title is no row
sleep 0.5

# the wheel goes three rows on, and no further than there are
keys g
until_shows "run 18 ACCEPT"
click 65 30 6
until_shows "run 15 ACCEPT"
click 64 30 6
until_shows "run 18 ACCEPT"
click 64 30 6
for _ in {1..10}; do click 65 30 6; done
until_shows "run 1 ACCEPT"

# in the plot a click chooses a point: that of identity is the only one on the line of zeros
click 0 30 "$(row_of ' 9  7.529')"
until_shows "run 9 MARGINAL"
until_shows "● block" # families are named above the picture
until_quiet
line=$(screen | grep -n '0 ┤ ' | tail -1)
before=${line#*:}
after=${before#*0 ┤}
before=${before%%0 ┤*}
click 0 $((${#before} + 3 + $(printf %s "${after%%[●◉◆]*}" | wc -m) + 1)) "${line%%:*}"
until_shows "run 1 ACCEPT"
until_shows "hjkl point" # it has the keys

# the wheel scrolls the details and the log
size 80x24
until_shows "3 details"
click 65 20 "$(($(row_of '3 details') + 1))"
until_gone "config   identity"
click 64 20 "$(($(row_of '3 details') + 1))"
until_shows "config   identity"
give "help sweep"
until_shows "4 log"
until_quiet
click 64 70 "$(($(row_of '4 log') + 1))"
until_shows "more below, G goes there"
size 120x40

# two clicks on a run show all of it
keys 1
until_quiet
row=$(row_of ' 9  7.529')
click 0 30 "$row" 2
until_gone "1 runs"
until_shows "run 9 MARGINAL"
escape
until_shows "1 runs"
until_shows "> zoom details"
# so do two that the screen reads one after the other, when they are close enough
for _ in {1..20}; do
    click 0 30 "$row"
    click 0 30 "$row"
    sleep 0.2
    [[ $(screen) == *"1 runs"* ]] || break
done
until_gone "1 runs"
escape
until_shows "1 runs"

# on the command line it goes on typing
click 0 5 39 # above the hints
type "timing"
until_shows "> timing"
keys C-u
escape

# the terminal can have it back
give "mouse off"
until_shows "text can be selected"
is "the mouse is the terminal's" 0 "$(tm display -p '#{mouse_any_flag}')"
give "mouse on"
until_shows "the mouse chooses panes and runs"
is "and the lab's again" 1 "$(tm display -p '#{mouse_any_flag}')"
keys Q
until_shows "status 0"
is "nothing of it is left" 0 "$(tm display -p '#{mouse_any_flag}')"
finish
