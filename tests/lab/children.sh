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
finish
