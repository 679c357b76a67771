#!/usr/bin/env bash
# What keys and commands do on the screen, typed and read in tmux.   usage: keys.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
start 80x60
until_shows "turbo4 @0:q8_0"
((failures)) && finish # without a screen nothing further can hold
tm set -s set-clipboard on
until_shows "run 18 ACCEPT"

# moving
keys j j
until_shows "run 16 ACCEPT"
keys k
until_shows "run 17 ACCEPT"
keys G
until_shows "run 1 ACCEPT"
keys g Down
until_shows "run 17 ACCEPT"
keys PPage
until_shows "run 18 ACCEPT"
keys NPage
until_gone "run 18 ACCEPT"
keys Home
until_shows "run 18 ACCEPT"

# each key gives a command, and the log shows it
keys s
until_shows "> sort ratio desc"
keys g
until_shows "run 9 MARGINAL"
keys S
until_shows "> sort ratio asc"
keys g
until_shows "run 1 ACCEPT"
give "sort id"
until_shows "> sort id"
keys g
until_shows "run 18 ACCEPT"
keys y
until_shows "> copy 18"
is "the config is on the terminal's clipboard" "turbo4 @0:q8_0" "$(tm show-buffer)"
keys p
until_shows "run 18 ACCEPT*?, pinned"
keys p
until_shows "> unpin 18"
until_gone ", pinned"
keys d
until_shows "mark one of the two runs first"
keys m
until_shows "run 18 is marked"
keys d
until_shows "this is the marked run itself"
keys G d
until_shows "turbo4 -> identity" # of the table that diff prints
keys g c
until_shows "> limit"
type "0.01"
keys Enter
until_shows "run 6 is the cheapest: polar(bits=4)"
give "limit 0.01 x"
until_shows "limit"
give limit
keys n
until_shows "> group next"
until_shows "group 2 of 2"
until_shows "snapshot"
keys N
until_shows "group 1 of 2"
keys x
until_shows "> axes bits_per_value kld"
keys X
until_shows "> axes bits_per_value dppl"
keys .
until_shows "dppl over bits_per_value"
keys e
until_shows "export as:"
keys m
until_shows "> report --format md -o kvant.md"
keys C-c
until_gone "kvant.md"
escape

# rerun is the whole line
keys g r
until_shows "> run 'turbo4 @0:q8_0' --model /models/books-8m.gguf --text self --protocol stre"
again=$("$kvant" show 18 | sed -n 's/^again *//p')
is "show tells it, too" "kvant run 'turbo4 @0:q8_0' --model /models/books-8m.gguf --text self --protocol stream \
--ctx 512 --passages 3 --seed 1" "$again"

# filter: the present one is there to be changed, a mistake leaves it as it was
keys /
type "kld < 0.001"
keys Enter
until_shows "3 of 18: kld < 0.001"
keys /
until_shows "> filter kld < 0.001"
type " and nonsense = 'a'"
keys Enter
until_shows "no such column: nonsense"
until_shows "3 of 18: kld < 0.001"
give "filter config like '%turbo4%'"
until_shows "4 of 18: config like"
give "filter kld > 1e9"
until_shows "no run fits the filter"
keys j k G g Enter
escape
give filter
until_shows "turbo4 @0:q8_0"

# panes
keys 2
until_shows "hjkl point"
keys h
until_gone "run 18 ACCEPT"
keys Tab
until_shows "> focus frontier"
until_gone "hjkl point"
keys z
until_gone "2 frontier"
escape
until_shows "2 frontier"
keys 1 Enter
until_gone "2 frontier"
keys q
until_shows "2 frontier"
keys 1 Tab Tab Tab Tab
type "runs --limit 1"
until_shows "> runs --limit 1"
keys Enter
until_shows "verdict"
keys BTab # within the line: completion's business, or nothing
escape
keys '?'
until_shows "Everywhere"
keys G
until_shows "lists all commands"
keys q
until_gone "lists all commands"
finish
