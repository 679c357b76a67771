#!/usr/bin/env bash
# What `kvant config` predicts against what runs store, and what becomes of codecs that crash or never end.
#   usage: predict.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins

predict() { # CONFIG WORDS...
    run config "$1" --model "$small" --ctx 64 --json "${@:2}"
}

# A run stores what was predicted, to the last digit.
figures='[.bits_per_value, .ratio, .ratio_ctx, .ratio_128k, .side_bytes]'
same() { # CONFIG WORDS...
    predict "$1"
    local expected
    expected=$(jq -c "$figures" <<<"$out")
    is "$1 is exact" true "$(jq .exact <<<"$out")"
    evaluate "$@"
    is "$1 runs" 0 "$status"
    is "$1 ${*:2}: predicted and stored" "$expected" "$(jq -c "$figures" <<<"$out")"
}
same "k=q8_0 v=polar(bits=3) @0:q4_0 rope=post" --protocol snapshot
same "window(q4_0,n=20)"

# Codecs that calibrate learn from noise here and from a text there: the bytes are the same, the side data need not be.
figures='[.bits_per_value, .ratio]'
run calibrate --model "$small" --text tests/data/arch/text.txt --ctx 64 --passages 2 --rows 128
is "a calibration" 0 "$status"
for config in "k=qprecond(q4_0)" "center(q4_0)" "riemann_besi"; do
    same "$config"
    predict "$config"
    is "$config calibrates" true "$(jq .calibrates <<<"$out")"
done

# The text a person reads
run config "k=q8_0 v=polar(bits=3)" --model "$small" --ctx 64
has "bits" "bits     6 per value (keys 8.5, values 3.5)" "$out"
has "exactly" "ratio    2.667x, exactly" "$out"
run config "kakeya(block=64)" --model "$small" --ctx 64
has "about" "bits     about " "$out"
has "and why" "the bytes depend on the rows" "$out"
run config "kivi(group=32)" --model "$small" --ctx 20
has "the context counts: an open block stays in f16" "(keys 16, values 3)" "$out"
run config "k=turob4" --model "$small"
is "a mistake" 3 "$status"
has "is where it stands" 'did you mean "turbo4"? (column 3)' "$err"

# Codecs that crash or hang cost their prediction. The layers show all the same.
crash="bad_crash: the codec died of signal 11"
[[ ${3-OFF} == ON ]] && crash="bad_crash: the codec ended its process with status 1"
predict bad_crash --plugin "$bad/bad_crash.so"
is "a crash is no failure of the command" 0 "$status"
has "a crash is said" "$crash" "$(jq -r .problem <<<"$out")"
is "and no figure made up" null "$(jq .bits_per_value <<<"$out")"
is "the layers are there" bad_crash "$(jq -r '.layers[0].k' <<<"$out")"
predict bad_create --plugin "$bad/bad_create.so"
has "a refusal is said" "refuses head dimension 32" "$(jq -r .problem <<<"$out")"
predict bad_hang --plugin "$bad/bad_hang.so"
has "a codec that hangs is said to" "bad_hang: the codec had not returned after 5 s and was stopped" "$(jq -r .problem <<<"$out")"

# The child itself: answers in order, says what it tries, survives nonsense, leaves when plugins change.
questions() {
    printf '%s\n' 'nonsense' '{}' "{\"id\":1,\"config\":\"k=po\",\"model\":\"$small\",\"ctx\":64,\"db\":\"none.db\"}" \
        "{\"id\":2,\"config\":\"q4_0\",\"model\":\"$small\",\"ctx\":64,\"db\":\"none.db\"}" \
        "{\"id\":3,\"config\":\"polar(bits=9)\",\"model\":\"$small\",\"ctx\":64,\"db\":\"none.db\"}"
}
answers=$(questions | "$kvant" predict)
is "three questions are answered" "1 partial 0,2 known 0,3 wrong 12" \
    "$(jq -r 'select(.id) | "\(.id) \(.state) \(.column)"' <<<"$answers" | paste -sd,)"
has "it says what it tries" '{"trying":"q4_0"}' "$answers"
mkdir "$home/plugins"
export KVANT_PLUGIN_PATH=$home/plugins
mkfifo "$home/questions"
"$kvant" predict <"$home/questions" >"$home/answers" &
child=$!
exec 7>"$home/questions"
question="{\"id\":2,\"config\":\"q4_0\",\"model\":\"$small\",\"ctx\":64,\"db\":\"none.db\"}"
echo "$question" >&7
for ((i = 0; i < 1200; i++)); do
    grep -q known "$home/answers" && break
    sleep 0.05
done
is "it answers while they are as they were" known "$(jq -r 'select(.id == 2).state' "$home/answers")"
cp "$bad/bad_nan.so" "$home/plugins"
echo "$question" >&7
wait $child
is "it leaves when there are other plugins" 44 $?
exec 7>&-
finish
