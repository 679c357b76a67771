#!/usr/bin/env bash
# Settings that the screen itself goes by.   usage: settings.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
"$kvant" sql --write --yes "UPDATE runs SET verdict = 'HERE'" 2>/dev/null
cp "$KVANT_DB" "$home/other.db" # nobody has it open: it is whole
"$kvant" sql --db "$home/other.db" --write --yes \
    "UPDATE configs SET canonical = 'there ' || id; UPDATE runs SET started = started + 1, verdict = 'THERE'" 2>/dev/null
start 120x40
until_shows "run 18 HERE"
((failures)) && finish # without a screen nothing further can hold

# another database: its runs, its details, and what is done from now on
give "set db other.db"
until_shows "run 18 THERE"
until_shows "there 1"
until_gone "turbo4 @0:q8_0"
give "sql SELECT config || '!' FROM v_runs WHERE id = 18"
until_shows "there 15!"
keys k j
until_shows "run 17 THERE"
give "filter id < 4"
until_shows "3 of 18: id < 4"
give "unset db"
until_shows "HERE"
until_gone "THERE "
until_shows "3 of 18: id < 4" # it holds here as well
give "filter"
until_shows "turbo4 @0:q8_0"

# one that is not there yet is empty, one that is none says so; the way back is open
give "set db nothing.db"
until_gone "turbo4 @0:q8_0"
lacks "no run is left over" "run 18 " "$(screen)"
echo "this is no database, whatever its name may say; and long enough" >"$home/none.db"
give "set db none.db"
until_shows "not a SQLite database"
give "unset db"
until_shows "turbo4 @0:q8_0"

# characters and colours
is "lines are lines" yes "$([[ $(screen) == *─* ]] && echo yes)"
give "set ascii on"
until_gone "─"
is "all is ASCII" "" "$(screen | LC_ALL=C grep -n '[^ -~]')"
give "unset ascii"
until_shows "─"
colors() { tm capture-pane -p -e | grep -c $'\033\[[0-9;]*3[1-6]m'; }
colored() { (($(colors) > 0)); }
plain() { (($(colors) == 0)); }
_wait colored ""
is "there are colours" yes "$(colored && echo yes)"
give "set color never"
_wait plain ""
is "there are none" yes "$(plain && echo yes)"
give "set color always"
_wait colored ""
is "and there are again" yes "$(colored && echo yes)"
start 120x40 NO_COLOR=1
until_shows "run 18 HERE"
is "none from the beginning" yes "$(plain && echo yes)"
give "set color always"
_wait colored ""
is "until they are wanted" yes "$(colored && echo yes)"
finish
