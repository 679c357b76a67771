#!/usr/bin/env bash
# What other processes write is seen, and nothing they do holds up the keys.   usage: live.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
small=$PWD/tests/data/arch/llama.gguf
evaluation="--model $small --ctx 64 --passages 2 --threads 1"

# an empty database, and one that is not there yet, fill while they are looked at
start 80x50
until_shows "No runs yet"
((failures)) && finish
"$fill" "$KVANT_DB" || exit 1
until_shows "turbo4 @0:q8_0"
escape
give "select 18"
until_shows "run 18 ACCEPT"
"$fill" "$KVANT_DB" one
until_shows "q5_1"
until_shows "run 18 ACCEPT" # what was chosen stays chosen

# a run started here; it is shown while it works and when it is there
keys :
type "run q4_1 $evaluation"
keys Enter j # at once: the run is short
until_shows "run 17 ACCEPT" # keys work meanwhile
until_shows "20  3.200" # its row
until_shows "run 17 ACCEPT" # what was chosen meanwhile stays
give "select 20"
until_shows "run 20 "
until_shows "q4_1"

# another lab on the same database
tm new-window "cd $home; '$kvant'; sleep 100"
until_shows "q4_1"
give "run q5_0 $evaluation"
until_shows "21  2.909"
tm select-window -t :0
until_shows "21  2.909"

# who looks at the newest run sees the next one that is made here
give "select 21"
until_shows "run 21 "
give "run polar(bits=5) $evaluation"
until_shows "run 22 "
give "sort ratio"
keys G g
give "sort id"
keys g
until_shows "run 22 "
give "sort ratio"
give "run polar(bits=6) $evaluation"
until_shows "─ 23 ─"
until_shows "run 22 " # not where the table is in another order
give "sort id"

# a writer holds the database: what wants to write waits, the keys do not
hold lock
give "select 5"
until_shows "run 5 "
give "pin 5"
keys k
until_shows "run 6 "
release
give "select 5"
until_shows ", pinned"

# a sweep is stopped with Ctrl-C, and its workers are seen until then
give "sweep turbo2 turbo3 turbo4 --k q8_0,q4_0 --v turbo3,turbo4 --force --ctx 512 --passages 200"
until_shows "5 workers"
keys C-c
until_shows "stopping the newest command"
until_gone "5 workers"
give "timing"
until_shows "keys"
keys Q
until_shows "status 0"
finish
