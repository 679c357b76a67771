#!/usr/bin/env bash
# Moving about in the plot: points, the frontier, zoom, limits, marks, the mouse.   usage: plot.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
start 120x40
until_shows "2 frontier: kld over ratio"
((failures)) && finish # without a screen nothing further can hold
until_quiet
keys 2

# along the frontier, by ratio: from the cheapest to the best and back
for _ in {1..20}; do keys f; done
until_shows "run 9 MARGINAL"
keys F F F F F F F F F F F F F F F
until_shows "run 1 ACCEPT"
keys f
until_shows "run 2 ACCEPT"

# to the next point in a direction: right is a higher ratio, up a higher loss
run_now() { screen | sed -n 's/.*─ run \([0-9]*\) .*/\1/p' | head -1; }
_moved() { [[ $(run_now) =~ ^[0-9]+$ && $(run_now) != "$1" ]]; }
step() { # KEY NAME COMPARISON: the ratio of the run it leads to, compared with that of the run before
    local from
    from=$(run_now)
    keys "$1"
    _wait _moved "$from"
    is "$2" 1 "$(sqlite3 "$KVANT_DB" "SELECT (SELECT ratio FROM runs WHERE id = $(run_now)) $3
        (SELECT ratio FROM runs WHERE id = $from)")"
}
command -v sqlite3 >/dev/null && {
    step l "right: a higher ratio" ">"
    step Left "left: a lower one" "<"
}

# zoom and pan change what is seen, 0 shows everything again
keys + + +
until_shows "a part (0: all)"
until_shows "outside"
keys H J
until_shows "a part (0: all)"
keys 0
until_gone "a part"
until_gone "outside"
for _ in {1..30}; do keys -; done
until_shows "a part"
keys 0
until_gone "a part"

# the limit at the chosen point, as a command; its answer is the cheapest run
for _ in {1..20}; do keys f; done
until_shows "run 9 MARGINAL"
keys F
until_gone "run 9 MARGINAL"
keys c
until_shows "> limit 0.0"
until_shows "<= 0.0"
keys c
until_gone "<= 0.0"
give "limit 0.006"
until_shows "<= 0.006: "
give "axes ratio dppl" # the limit was one of KLD
until_gone "<= 0.006"
until_shows "2 frontier: dppl over ratio"
until_shows "|change of perplexity|"
give "axes bits_per_value top1"
until_shows "top-1 agreement, % (more is better)"
give "axes ratio kld"

# other marks, where a font has no dots
has "braille" "⠒" "$(screen)$(screen | tr '⠤⠉⣀' '⠒⠒⠒')"
keys b
until_gone "⡇"
until_shows "··"
keys b
until_shows "⡇"

# a click chooses the point under it: that of identity is the only one on the line of zeros
until_quiet
line=$(screen | grep -n '0 ┤ ' | tail -1)
row=${line%%:*}
line=${line#*:}
before=${line%%0 ┤*}
after=${line#*0 ┤}
column=$((${#before} + 3 + $(printf %s "${after%%[●◉◆]*}" | wc -m) + 1))
is "the mouse is the lab's" 1 "$(tm display -p '#{mouse_any_flag}')"
click 0 "$column" "$row"
until_shows "run 1 ACCEPT"
click 64 "$column" "$row" # the wheel
until_shows "a part"
keys 0
until_gone "a part"

# a pinned run has a mark of its own
keys p
until_shows "> pin 1"
keys f
until_shows "★"

# every size, and nonsense between
for size in 40x10 24x6 300x80 80x24 120x40; do
    size "$size"
    keys f l k + - j h H L J K 0 b b % '~' F1
    keys Escape
    sleep 0.2
done
until_shows "2 frontier"
start 40x10 # one pane at a time: the plot has not been drawn when its first key comes
until_shows "1 runs"
keys 2 f
until_shows "2 frontier"
lacks "the first key counts" "does nothing" "$(screen)"
start 80x24 LC_ALL=C
until_shows "2 frontier"
until_quiet
is "ASCII where the locale is" "" "$(screen | LC_ALL=C tr -d '\n -~')"
start 120x40 NO_COLOR=1
until_shows "2 frontier"
until_quiet
is "letters for families without colour" 1 "$(screen | sed -n 4p | grep -cE ' [a-z] exact')"
finish
