#!/usr/bin/env bash
# Workers that die or stand still, codecs and recipes that never end: the lab goes on, says what happened, loses nothing.
# usage: failures.sh KVANT FILL BUILD_DIR SANITIZED (ON: AddressSanitizer makes an exit of a crash)
# shellcheck source=tests/screen/screen.bash
source tests/screen/screen.bash "$1" "$2"
# shellcheck source=tests/screen/misfortune.bash
source tests/screen/misfortune.bash "$@"

export KVANT_TEST_SLOW=$home/slow
begin

# ---- a worker dies in its codec: that run has failed, and the others are made ----

declare -A died=([SEGV]="the worker died of signal 11" [KILL]="the worker died of signal 9")
[[ ${4-OFF} == ON ]] && died[SEGV]="the worker ended with status 1"
done=0 failed=0
for signal in SEGV KILL; do
    order "sweep bad_hang q4_0 q5_0 --plugin $bad/bad_hang.so --jobs 2 --force --passages $((50 + done))"
    work_on bad_hang
    kill -$signal "$worker"
    until_true no_command
    says "bad_hang: ${died[$signal]}"
    says "1 of 4 runs failed"
    done=$((done + 3)) failed=$((failed + 1))
    is "SIG$signal: the others are done" "$done $failed" "$(runs "status = 'done'") $(runs "status = 'failed'")"
    has "SIG$signal: the row says why, and where" "${died[$signal]}" "$(reason bad_hang)"
    has "SIG$signal: in a step of the codec" "(codec, passage 0, layer 0)" "$(reason bad_hang)"
    answers
done

# ---- one is stopped and goes on; one is stopped for good, another never returns ----

touch "$KVANT_TEST_SLOW"
order "run gated --plugin $bad/gated.so"
work_on gated.so
kill -STOP "$worker"
until_shows "stopped  "
answers
kill -CONT "$worker"
rm "$KVANT_TEST_SLOW"
until_true has_runs 1 "config = 'gated' and status = 'done'"

order "sweep bad_hang k=bad_hang q4_0 --plugin $bad/bad_hang.so --jobs 3 --timeout 12 --force --passages 58"
work_on bad_hang
kill -STOP "$worker"
until_shows "stopped  "
answers
until_true no_command
says "stopped by a signal for 12 s"
says "no progress for 12 s"
says "2 of 4 runs failed"
is "the stopped worker is gone" "" "$(ps -o pid= -p "$worker")"
is "all but the two are done" "2 2" "$(runs "passages = 58 and status = 'done'") $(runs "passages = 58 and status = 'failed'")"
answers

# ---- recipes that never end ----

stopped() { # WHAT SENTENCE
    until_true no_command
    says "$2"
    answers
}
echo 'lab.run{ "q8_0", passages = 59 } while true do pcall(function() while true do end end) end' >"$home/loop.lua"
order "recipe $home/loop.lua"
until_true has_runs 2 "passages = 59"
answers
keys C-c
stopped "an endless recipe" "-- stopped, "
is "what it had made stays" 2 "$(runs "passages = 59 and status = 'done'")"
order "recipe $home/loop.lua --instructions 1000000"
stopped "a recipe with a limit" "instructions"
echo 'string.find(("a"):rep(60), ("a*"):rep(40) .. "b")' >"$home/pattern.lua"
order "recipe $home/pattern.lua"
sleep 0.5
keys C-c
stopped "a recipe inside of a pattern" "the recipe was stopped"
# one that is killed takes its workers with it
echo 'lab.run{ "bad_hang", passages = 55 }' >"$home/hangs.lua"
order "recipe $home/hangs.lua --plugin $bad/bad_hang.so"
work_on bad_hang
kill -KILL "$(ps -o ppid= -p "$worker" | tr -d ' ')"
says "its process was ended by signal 9"
gone() { ! kill -0 "$worker" 2>/dev/null; }
until_true gone
answers

# ---- while a sweep runs: stopped, a second one, leaving ----

order "sweep q8_0 bad_hang q4_0 --plugin $bad/bad_hang.so --jobs 1 --passages 61"
work_on bad_hang
order "sweep q4_0 q8_0 --passages 61"
says "2 run, 1 already there, 0 failed"
is "a second sweep runs what the first has not come to" "q4_0 q8_0" \
    "$("$kvant" sql --mode csv "select config from v_runs where passages = 61 and config like 'q%' order by 1" | tail -n +2 | tr -d '\r' | xargs)"
keys C-c
says "-- stopped, "
until_true no_command
is "what was finished stays" 4 "$(runs "passages = 61 and status = 'done'")"
is "what was not is no row" 0 "$(runs "passages = 61 and status = 'failed'")"
answers

order "run bad_hang --plugin $bad/bad_hang.so"
work_on bad_hang
for way in quit C-d Q; do # each asks once, and another key is no yes
    keys :
    [[ $way == quit ]] && type quit && keys Enter
    [[ $way == C-d ]] && keys C-d
    [[ $way == Q ]] && escape && keys Q
    until_shows "a command is still at work"
    [[ $way == C-d ]] && escape
    keys k
    until_gone "a command is still at work"
done
give quit
until_shows "a command is still at work"
give quit
gone_well
finish
