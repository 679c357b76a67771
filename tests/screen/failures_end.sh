#!/usr/bin/env bash
# The terminal goes, the lab crashes, is killed or stands still while sweeps run: nothing is left behind, what is
# finished stays, and the next lab goes on with it.
# usage: failures_end.sh KVANT FILL BUILD_DIR SANITIZED
# shellcheck source=tests/screen/screen.bash
source tests/screen/screen.bash "$1" "$2"
# shellcheck source=tests/screen/misfortune.bash
source tests/screen/misfortune.bash "$@"
hang="--plugin $bad/bad_hang.so"

# ---- the terminal goes away while a sweep runs; the next lab goes on with it ----

begin
order "sweep q8_0 q5_1 bad_hang q6_0 $hang --jobs 2 --passages 70"
order "sweep q8_0 q5_1 bad_hang turbo4 $hang --jobs 2 --passages 70"
work_on bad_hang
until_true has_runs 4 "passages = 70 and status = 'done'"
tm kill-server
until_true nothing_left
is "a closed terminal leaves nothing behind" "" "$(ours)"
is "but what was finished" 4 "$(runs "passages = 70")"
begin
order "sweep q8_0 q5_1 turbo4 q4_0 --passages 70"
says "2 run, 3 already there, 0 failed"

# ---- the lab itself is killed, stopped ----

order "sweep q8_0 bad_hang $hang --jobs 2 --passages 71"
work_on bad_hang
until_true has_runs 2 "passages = 71 and status = 'done'"
kill -SEGV "$(lab)"
until_shows "status"
is "a crash gives the terminal back" "$(<"$home/before")" "$(<"$home/after")"
until_true nothing_left
is "and takes all that ran with it" "" "$(ours)"
begin
order "sweep q8_0 bad_hang $hang --jobs 2 --passages 72"
work_on bad_hang
until_true has_runs 2 "passages = 72 and status = 'done'"
kill -KILL "$(lab)"
until_true nothing_left
is "so does kill -9" "" "$(ours)"
is "what was finished stays" 2 "$(runs "passages = 72 and status = 'done'")"

# The codec is slow until it has been stopped in its middle.
export KVANT_TEST_SLOW=$home/slow
slow="--plugin $bad/gated.so --timeout 5"
passages=400
[[ ${4-} == ON ]] && passages=80
# as a laptop that sleeps: everything stands still for longer than --timeout, and goes on
begin
touch "$KVANT_TEST_SLOW"
order "sweep gated k=gated $slow --passages $passages --jobs 2"
work_on gated.so
everyone=$(ours)
# shellcheck disable=SC2086 # numbers
kill -STOP $everyone
sleep 8
# shellcheck disable=SC2086
kill -CONT $everyone
rm "$KVANT_TEST_SLOW"
patience=150 says "3 run, 0 already there, 0 failed"
answers
# the lab alone, while its commands have more to say than a pipe holds
touch "$KVANT_TEST_SLOW"
order "sweep gated k=gated q5_1 q8_0 $slow --passages $((passages - 1)) --jobs 4"
work_on gated.so
kill -STOP "$(lab)"
rm "$KVANT_TEST_SLOW"
sleep 8
kill -CONT "$(lab)"
patience=150 says "5 run, 0 already there, 0 failed"
leaves

finish
