#!/usr/bin/env bash
# Commands that run codecs in a child say why there is no answer, however the child ended, and end when they are told to.
#   usage: children.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
leaver=(bad_exit --plugin "$build/tests/plugins/bad_exit.so")
rows=tests/data/kv/input.f32

# A codec that ends its process with a status that a command has, too, has not said what it means.
for status_of in 0 2 3 4 75 100 105 255; do
    export BAD_EXIT=$status_of
    run roundtrip "${leaver[@]}" --dim 128 "$rows"
    is "roundtrip: a codec leaves with $status_of" 3 "$status"
    has "and it is said" "roundtrip: the codec ended its process with status $status_of" "$err"
    is "and nothing is on stdout" "" "$out"
done
export BAD_EXIT=3
run bench "${leaver[@]}" --rows 48 --reps 5
has "bench says it" "bench: the codec ended its process with status 3" "$err"
run growth rows "${leaver[@]}" --to 64 --reps 6
has "growth says it" "growth: the codec ended its process with status 3" "$err"
run speed "${leaver[@]}" --model "$small" --prompt 16 --generate 4
has "speed says it" "speed: the codec ended its process with status 3" "$err"
run verify "${leaver[@]}" --quick
has "verify makes it a check that failed" "ended its process with status 3" "$out"
is "verify: no" 1 "$status"
run checklist "${leaver[@]}"
has "checklist says it" "ended its process with status 3" "$out$err"
unset BAD_EXIT

# What the child has said itself is not said again, and its status is the command's.
for words in "3|growth rows bad_nan --plugin $build/tests/plugins/bad_nan.so --to 64 --reps 6" \
    '2|bench turbo3 --engine' '2|bench --engine --reps 101' "3|bench --engine -m $rows" "3|roundtrip turbo3 --dim 128 tests/lab/none.f32"; do
    # shellcheck disable=SC2086 # words
    run ${words#*|}
    is "the child's own: ${words#*|}" "${words%%|*} 1" "$status $(grep -c '^kvant: ' <<<"$err")"
    lacks "once" "ended its process" "$err"
done
"$kvant" growth rows q8_0 --to 64 --reps 6 >/dev/full 2>"$home/err"
is "no room for the answer: status 3" 3 $?
is "said once" 1 "$(grep -c '^kvant: ' "$home/err")"
has "which is" "No space left" "$(<"$home/err")"

# --timeout ends each kind of bench, in the middle of whatever it does.
for words in 'engine --engine' 'codec --kernels' 'codec --attention' 'codec turbo3'; do
    # shellcheck disable=SC2086 # words
    run bench ${words#* } --reps 100 --timeout 0.1
    is "bench ${words#* } is stopped" 3 "$status"
    has "and says so" "bench: the ${words%% *} has not returned after 0.1 s and was stopped" "$err"
    is "without half an answer" "" "$out"
done

# A child is its front's: in its group, so that Ctrl-C reaches both; deaf to what its front was told to be deaf to, as
# nohup does; and nothing is kept from it.
[[ -e /proc/self/status ]] || finish
signals() { # PID Blk or Ign: the 31 that have names
    echo $((0x$(awk -v name="Sig$2:" '$1 == name { print $2 }' "/proc/$1/status") & 0x7fffffff))
}
group_of() { ps -o pgid= -p "$1" | tr -d ' '; }
echo 'while true do end' >"$home/forever.lua"
for words in "$(realpath "$rows")|bench --kernels --reps 100" "/dev/null|recipe $home/forever.lua"; do
    reads=${words%%|*} words=${words#*|}
    # shellcheck disable=SC2086 # words
    (trap '' HUP && exec "$kvant" $words >/dev/null 2>&1 <"$rows") &
    front=$!
    until_true pgrep -P $front -f -- -child >/dev/null # not who describes codecs before
    child=$(pgrep -P $front -f -- -child)
    listens "$child"
    is "$words: a child of its front's group" "$(group_of $front)" "$(group_of "$child")"
    is "as deaf as its front" "$(signals $front Ign)" "$(signals "$child" Ign)"
    is "to hanging up" 1 $(($(signals "$child" Ign) & 1))
    is "it reads what it should" "$reads" "$(readlink "/proc/$child/fd/0")"
    is "with nothing blocked" 0 "$(signals "$child" Blk)"
    kill -TERM $front
    wait $front
    is "both end" "75 1" "$? $(kill -0 "$child" 2>/dev/null; echo $?)"
done

# Who describes codecs begins afresh, in a group of its own.
(trap '' HUP && exec "$kvant" codecs --plugin "$build/tests/app/plugins/load_hang.so" >/dev/null 2>&1) &
front=$!
until_true pgrep -P $front -f -- ' describe ' >/dev/null
child=$(pgrep -P $front -f -- ' describe ')
is "a describer leads its own group" "$child" "$(group_of "$child")"
is "and hangs up when it is told to" 0 $(($(signals "$child" Ign) & 1))
kill -TERM $front
wait $front
is "it does not outlive its front" 1 "$(kill -0 "$child" 2>/dev/null; echo $?)"
finish
