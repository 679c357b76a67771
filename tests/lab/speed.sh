#!/usr/bin/env bash
# kvant speed: both sides are run, in turns, on the same tokens, and figures are what the samples say. Nothing here
# depends on how fast anything is.
#   usage: speed.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins
common=(--model "$small" --text tests/data/arch/text.txt --prompt 48 --generate 12 --threads 2)

speed() { # CONFIG WORDS...
    run speed "$1" "${common[@]}" --reps "${reps-5}" --json "${@:2}"
}
get() { # FILTER: of the first depth
    jq -r ".depths[0] | $1" <<<"$out"
}

speed identity --decoded
is "identity is exact once decoded" "0 0 0 100" "$(get '.config | [.kld.value, .kld.lo, .kld.hi, .top1.value] | join(" ")')"
is "that is said" "decoded true false" \
    "$(jq -r '"\(.cache) \(.depths[0].config.decode_gbs > 0) \(.depths[0].config | has("ms_per_token"))"' <<<"$out")"
decoded=$(get '[.config.generated_hash, .config.cache_bytes] | join(" ")')
speed identity
is "identity is timed" 0 "$status"
is "as bytes it differs by rounding" true "$(get '.config | .kld.hi < 1e-8 and .top1.value == 100')"
is "says the same, in as many bytes" "$decoded" "$(get '[.config.generated_hash, .config.cache_bytes] | join(" ")')"
is "a token's parts" true "$(get '[.config, .reference] | all(.[]; .ms_per_token |
    .encode > 0 and .scores > 0 and .mix > 0 and .encode + .scores + .mix < .total)')"
is "rows that are skipped" true "$(get '.config.skipped >= 0 and .config.skipped < 1')"
is "end of the prompt and what comes behind" 59 "$(get .config.scored)"
is "f16 is not" true "$(get '.reference.kld.value > 0')"
is "they say the same for a while" true "$(get '.common_tokens >= 0 and .repeatable')"
is "both sides, in turns, who begins alternates" \
    "reference config,config reference,reference config,config reference,reference config" \
    "$(get '[.samples | _nwise(2) | map(.side) | join(" ")] | join(",")')"
is "by repetition" "0 0 1 1 2 2 3 3 4 4" "$(get '[.samples[].rep] | join(" ")')"
is "every sample took time" true "$(get 'all(.samples[]; .prompt_s > 0 and .generate_s > 0 and .first_s >= .prompt_s)')"
is "memory was looked at" true "$(get 'all(.samples[]; .peak_bytes > 1000000)')"
# shellcheck disable=SC2016 # jq's own $
medians='
    def near($y): (. / $y - 1 | fabs) < 1e-12;
    def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
    . as $all | def of($side; f): [$all.samples[] | select(.side == $side) | f] | median;
    (.prompt_per_s.reference | near(of("reference"; 48 / .prompt_s))) and
    (.prompt_per_s.config | near(of("config"; 48 / .prompt_s))) and
    (.generation_per_s.reference | near(of("reference"; 12 / .generate_s))) and
    (.generation_per_s.config | near(of("config"; 12 / .generate_s))) and
    (.first_token_s.reference | near(of("reference"; .first_s))) and
    (.first_token_s.config | near(of("config"; .first_s)))'
is "figures are medians of the samples" true "$(get "$medians")"
ratios='[.prompt_per_s, .generation_per_s, .first_token_s] |
    all(.[]; .ratio.value == .config / .reference and .ratio.lo <= .ratio.value and .ratio.value <= .ratio.hi)'
is "ratios are the medians'" true "$(get "$ratios")"

# Bytes are the host's: 60 tokens, 3 layers, 2 heads of 32.
is "bytes of f16 and of f32" "46080 92160" "$(get '[.reference.cache_bytes, .config.cache_bytes] | join(" ")')"
first=$(get '[.reference.generated_hash, .config.generated_hash] | join(" ")')
reps=6 speed identity --reference exact
is "the exact cache beside it" true "$(get '.reference.kld.value == 0 and .config.kld.value < 1e-8')"
is "says the same" 12 "$(get .common_tokens)"
is "twelve samples" 12 "$(get '.samples | length')"
is "what identity said before" "${first#* } ${first#* }" \
    "$(get '[.reference.generated_hash, .config.generated_hash] | join(" ")')"

# A cache that returns nonsense is fast, and known by what stands beside it.
speed "k=polar(bits=1) v=polar(bits=1)" --depth 0,40
is "two depths" "0 40" "$(jq -r '[.depths[].depth] | join(" ")' <<<"$out")"
is "it says something else" true "$(jq 'all(.depths[]; .reference.generated_hash != .config.generated_hash and .common_tokens < 12)' <<<"$out")"
is "a bad one is known" true "$(jq 'all(.depths[]; .config.kld.lo > 0.01)' <<<"$out")"
is "beside a good one" true "$(jq 'all(.depths[]; .reference.kld.hi < 0.001)' <<<"$out")"
is "what stands before the prompt is in the bytes" "46080 76800" \
    "$(jq -r '[.depths[].reference.cache_bytes] | join(" ")' <<<"$out")"

# Where a text is cut into what stands before and the prompt is no matter to what comes behind.
speed turbo4
whole=$(get '[.config.generated_hash, .reference.generated_hash] | join(" ")')
is "they begin alike and part" true "$(get '.common_tokens > 0 and .common_tokens < 12')"
run speed turbo4 --model "$small" --text tests/data/arch/text.txt --depth 40 --prompt 8 --generate 12 --threads 2 \
    --reps 5 --json
is "cut elsewhere" "$whole" "$(get '[.config.generated_hash, .reference.generated_hash] | join(" ")')"

# Depths that the text does not have: its rows over and over, for every cache the same.
speed "identity rope=post" --depth 96,500,1500 --reference exact
is "what fills a depth" "0 148 148" "$(jq -r '[.depths[].filled_with] | join(" ")' <<<"$out")"
is "bytes at each" "$(((96 + 60) * 1536)) $(((500 + 60) * 1536)) $(((1500 + 60) * 1536))" \
    "$(jq -r '[.depths[].config.cache_bytes] | join(" ")' <<<"$out")"
is "the same rows for both" true "$(jq 'all(.depths[]; .config.kld.hi < 1e-6 and .common_tokens == 12)' <<<"$out")"
is "how a token grows" true "$(jq '.growth.config | (.ms | type) == "number" and (.ms_per_1k | type) == "number"' <<<"$out")"
filled=$(jq -r '.depths[1].config.generated_hash' <<<"$out")
speed "identity rope=post" --depth 500 --reference exact --decoded
is "decoded rows are filled alike" "$filled" "$(get .config.generated_hash)"
speed turbo4 --depth 40 --fill repeat
is "filled when that is asked for" true "$(get '.filled_with > 40')"
is "one depth does not say how it grows" true "$(jq '.growth == {}' <<<"$out")"

speed drifts --plugin "$bad/drifts.so"
is "a cache that never says the same is told" "0 false" "$status $(get .repeatable)"
run speed drifts "${common[@]}" --reps 5 --plugin "$bad/drifts.so"
has "to a person, too" "NOT THE SAME IN EVERY REPETITION" "$out"

speed "kivi(group=32)" --reference turbo4
is "a block codec beside another" "turbo4 60" "$(jq -r '"\(.reference) \(.depths[0].config.scored + 1)"' <<<"$out")"

run speed turbo4 "${common[@]}" --reps 5 --ascii
is "as a person reads it" 0 "$status"
has "what is compared" "turbo4 beside f16, on fixture-llama, text text.txt" "$out"
has "how" "48 tokens read and 12 generated 5 times each, in turns, on 2 threads; medians" "$out"
has "an interval" "config / reference, ratio of the medians with its 95 % interval" "$out"
has "what caches are" "caches of configs are bytes" "$out"
has "how they are met" "turbo4: of 3 layers 0 score keys and 3 mix values as bytes" "$out"
has "quality" "against the exact cache, 59 positions" "$out"
lacks "ASCII" "│" "$out"
run speed "turbo4 rope=post" "${common[@]}" --reps 5 --ascii --depth 0,1,600 --plot
has "beside f16 whose keys stand there, too" "turbo4 rope=post beside f16 rope=post" "$out"
has "keys after RoPE" "turbo4 rope=post: of 3 layers 3 score keys and 3 mix values" "$out"
has "what fills" "depth 600    filled with the rows of" "$out"
has "a bar" "#" "$out"
has "a line through the times" "ms for each 1024 positions" "$out"
lacks "bars in ASCII" "█" "$out"
has "progress is on stderr" "runs" "$err"

# Nonsense
expect() { # WHAT STATUS MESSAGE WORDS...
    run "${@:4}"
    is "$1" "$2" "$status"
    has "$1, told" "$3" "$err"
    is "$1: nothing on stdout" "" "$out"
}
expect "no config" 2 "CONFIG is missing" speed
expect "no such codec" 3 'did you mean "turbo4"' speed turob4
expect "no such reference" 3 'did you mean "q8_0"' speed turbo4 "${common[@]}" --reference q80
expect "too few repetitions" 2 "must lie in 5" speed turbo4 --reps 4
expect "a depth" 2 'option --depth is "deep"' speed turbo4 "${common[@]}" --depth deep
expect "a way to fill" 2 "fill" speed turbo4 "${common[@]}" --fill sand
expect "no such model" 3 "nothing.gguf" speed turbo4 --model nothing.gguf
expect "a text that is too short" 3 "tokens" speed turbo4 "${common[@]}" --depth 1M --fill text
crash="speed: the codec died of signal 11"
[[ ${3-OFF} == ON ]] && crash="speed: the codec ended its process with status 1"
expect "a codec that crashes" 3 "$crash" speed bad_crash "${common[@]}" --plugin "$bad/bad_crash.so"
expect "a codec that returns no numbers" 3 "bad_nan" speed bad_nan "${common[@]}" --plugin "$bad/bad_nan.so"
finish
