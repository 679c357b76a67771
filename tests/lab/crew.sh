#!/usr/bin/env bash
# Several workers at once: the same rows as one after another, whatever happens to a worker.
# usage: crew.sh KVANT BUILD_DIR SANITIZED
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
# shellcheck source=tests/lab/crew.bash
source tests/lab/crew.bash
bad=$build/tests/plugins
export KVANT_DB=$home/here.db

# ---- parallel is serial ----

details() { # DATABASE
    "$kvant" sql --db "$1" --mode csv "select config, l.layer, l.stream, l.rel_error, l.bytes from run_layers l
        join v_runs r on r.id = l.run group by 1, 2, 3 order by 1, 2, 3"
    "$kvant" sql --db "$1" --mode csv "select config, b.passage, b.block, b.nll, b.kld, b.same_top from run_blocks b
        join v_runs r on r.id = b.run group by 1, 2, 3 order by 1, 2, 3"
}
many=('polar(bits=1..6)' q8_0 q4_0 turbo3 'k=q8_0 v=turbo3')
run sweep "${long[@]}" --passages 20 "${many[@]}" --db "$home/serial.db"
is "one after another" 0 $status
run sweep "${long[@]}" --passages 20 "${many[@]}" --db "$home/parallel.db" --jobs 3 --no-cache
is "three at a time" 0 $status
has "all of them" "11 run, 0 already there, 0 failed" "$err"
is "the rows are the same" "$(rows "$home/serial.db")" "$(rows "$home/parallel.db")"
is "eleven of them" 11 "$(rows "$home/parallel.db" | wc -l)"
is "and so are layers and blocks" "$(details "$home/serial.db")" "$(details "$home/parallel.db")"
has "which are there" "k=q8_0 v=turbo3" "$(details "$home/serial.db")"
run sweep "${long[@]}" --passages 20 "${many[@]}" --db "$home/parallel.db" --jobs 3
has "nothing is run twice" "1 run, 10 already there, 0 failed" "$err"
run sweep "${long[@]}" q8_0 --jobs 0
is "no workers are no sweep" 2 $status

# Threads are shared out; the first, which the others wait for, has them all; --threads is each one's.
threads_of() {
    "$kvant" sql --db "$1" --json "select config, threads from v_runs" | jq -r 'map("\(.config) \(.threads)") | sort | join(", ")'
}
run sweep "${long[@]}" --passages 2 f16 --jobs 64 --db "$home/threads.db"
is "threads are shared out" "f16 1, identity $(nproc)" "$(threads_of "$home/threads.db")"
run sweep "${long[@]}" --passages 2 f16 --jobs 2 --threads 3 --db "$home/each.db"
first=$(awk '$1 == "Cpus_allowed_list:" { sub(/[-,].*/, "", $2); print $2 }' /proc/self/status)
taskset -c "$first" "$kvant" run identity "${long[@]}" --passages 2 --db "$home/one.db" >/dev/null 2>&1
is "processors it may not use do not count" "identity 1" "$(threads_of "$home/one.db")"
is "--threads is each one's" "f16 3, identity 3" "$(threads_of "$home/each.db")"

# ---- what a screen is told ----

begin "${long[@]}" --passages 200 q8_0 q4_0 f16 bf16 --jobs 2
ends
is "a sweep that is watched" 0 $status
lacks "what events tell is not told again" " %  " "$err"
events() { # FILTER: what it gives, each once
    jq -r "$1" "$home/events" | sort -un | paste -sd,
}
is "the whole is told to its end" "5 5 0" "$(jq -r 'select(.event == "whole") | "\(.done) \(.total) \(.failed)"' "$home/events" | tail -1)"
is "every run is told" "$("$kvant" runs --limit 0 --json | jq -r '.[].id' | sort -n | paste -sd,)" \
    "$(events 'select(.event == "run" and .done) | .id')"
is "every worker that begins ends" "$(events 'select(.event == "worker" and .state == "running") | .pid')" \
    "$(events 'select(.event == "worker" and .state == "ended") | .pid')"
is "two slots are used" "0,1" "$(events 'select(.event == "worker") | .slot')"
has "with rate and time left" true \
    "$(jq -s 'any(.[]; .event == "worker" and .tokens_per_s > 0 and .left_s != null and .what == "evaluating" and .done <= .total)' "$home/events")"

# ---- workers that die ----

# In a codec's step it is the codec's failure, wherever the signal came from.
last() { # COLUMN
    "$kvant" sql --json "select $1 as x from runs order by id desc limit 1" | jq -r '.[0].x'
}
signals=(SEGV KILL)
[[ ${3-OFF} == ON ]] && signals=(KILL) # AddressSanitizer makes an exit of the other
for signal in "${signals[@]}"; do
    begin "${long[@]}" --passages 4 bad_hang q5_0 --plugin "$bad/bad_hang.so" --jobs 2 --timeout 60 --force
    until_true grep -q '"label":"q5_0".*"state":"ended"' "$home/events"
    until_true at_work bad_hang '.what == "evaluating"'
    until_true hangs "$pid"
    kill -$signal "$pid"
    ends
    is "$signal: the sweep goes on to its end" 3 "$status"
    has "$signal: with the others" "3 run, 0 already there, 1 failed" "$err"
    has "$signal: the run has failed" "the worker died of signal" "$(last reason)"
    is "$signal: with its phase" "codec, passage 0, layer 0" "$(last phase)"
done

# Outside of it, the run is tried once more, and stored as failed the second time. The plugin keeps a worker at its
# start while the gate is there.
export KVANT_TEST_GATE=$home/gate
gated=("${long[@]}" --passages 2 --no-cache --plugin "$bad/gated.so")
kill_at_start() { # LABEL
    until_true at_work "$1" ".what == \"starting\" and .pid != $pid"
    kill -KILL "$pid"
}
touch "$KVANT_TEST_GATE"
begin "${gated[@]}" gated --db "$home/killed.db"
kill_at_start gated
rm "$KVANT_TEST_GATE"
ends
is "killed once while it prepares, it is run all the same" 0 $status
has "and that is said" "gated: the worker died of signal 9, Killed (s" "$err"
has "with what follows" "it is tried once more" "$err"
is "both are done" "done done" "$("$kvant" runs --db "$home/killed.db" --json | jq -r 'map(.status) | join(" ")')"
touch "$KVANT_TEST_GATE"
begin "${gated[@]}" gated q4_0 --db "$home/twice.db"
kill_at_start gated
kill_at_start gated
rm "$KVANT_TEST_GATE"
ends
is "killed twice, it has failed and the sweep goes on" "3 identity done, gated failed, q4_0 done" "$status $("$kvant" runs --db "$home/twice.db" \
    --json | jq -r 'reverse | map("\(.config) \(.status)") | join(", ")')"
phase=$("$kvant" sql --db "$home/twice.db" --json "select phase from runs where status = 'failed'" | jq -r '.[0].phase')
is "with its phase, before and after its first word" setup "${phase/#start/setup}"

# A worker that someone else asks to stop is no reason to stop the sweep.
touch "$KVANT_TEST_GATE"
begin "${gated[@]}" --db "$home/asked.db" gated
until_true at_work gated '.what == "starting"'
kill -TERM "$pid"
rm "$KVANT_TEST_GATE"
ends
is "SIGTERM to a worker: it is run again" "0 done done" "$status $("$kvant" runs --db "$home/asked.db" --json | jq -r 'map(.status) | join(" ")')"

# ---- workers that stand still ----

# Outside the codecs' steps silence may last ten times as long.
touch "$KVANT_TEST_GATE"
run run gated "${gated[@]}" --timeout 0.1 --db "$home/silent.db"
rm "$KVANT_TEST_GATE"
is "a worker that says nothing is ended" 3 $status
has "with the reason" "no word from the worker for 1 s (setup), so it was ended" "$err"
has "after a second try" "it is tried once more" "$err"

# One is stopped and goes on; one is stopped for good; one hangs; the last does not notice.
touch "$KVANT_TEST_GATE"
begin "${gated[@]}" --plugin "$bad/bad_hang.so" --jobs 2 --timeout 12 --db "$home/still.db" gated bad_hang k=bad_hang q5_1
until_true at_work gated '.what == "starting"'
first=$pid
kill -STOP "$first"
until_true at_work gated ".state == \"stopped\" and .pid == $first"
kill -CONT "$first"
rm "$KVANT_TEST_GATE"
until_true at_work bad_hang '.what == "evaluating"'
until_true hangs "$pid"
kill -STOP "$pid"
ends
is "a sweep with workers that stand still" 3 $status
has "is done with the others" "5 run, 0 already there, 2 failed" "$err"
state_of() {
    "$kvant" runs --db "$home/still.db" --json | jq -r --arg c "$1" '.[] | select(.config == $c) | "\(.status) \(.reason)"'
}
is "stopped and continued is done" "done " "$(state_of gated)"
has "by the worker it was" "$first" "$(jq -r 'select(.event == "worker" and .label == "gated" and .state == "ended") | .pid' "$home/events")"
has "stopped for good has failed" "failed stopped by a signal for 12 s (" "$(state_of bad_hang)"
has "a codec that hangs has failed" "failed no progress for 12 s (codec, passage 0, layer 0)" "$(state_of k=bad_hang)"
is "the last is done" "done " "$(state_of q5_1)"
is "stopped workers are gone, too" "" "$(ps -o pid= -p "$pid")"
finish
