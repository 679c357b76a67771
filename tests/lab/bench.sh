#!/usr/bin/env bash
# kvant bench: that it measures what it says and lets nothing wrong pass. How fast anything is, it does not ask.
#   usage: bench.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins
quick=(--reps 5 --rows 48)

run bench turbo3 'rotate(q8_0)' "${quick[@]}" --json
is "two codecs" 0 "$status"
is "in order, at the rows asked for" "turbo3 48 1;rotate(q8_0) 48 1" \
    "$(jq -r '[.codecs[] | "\(.codec) \(.rows) \(.block)"] | join(";")' <<<"$out")"
is "bits" "3.125 8.5" "$(jq -r '[.codecs[].bits_per_value] | join(" ")' <<<"$out")"
is "every figure is there" true "$(jq '[.codecs[] | .encode, .decode |
    .gbs, .percent_of_copy.value, .percent_of_copy.lo, .over_portable.hi, .block_ns, .hosted_ns] | all(. > 0)' <<<"$out")"
is "values lie in their intervals" true "$(jq '[.codecs[] | .encode, .decode | .percent_of_copy, .over_portable |
    .lo <= .value and .value <= .hi] | all' <<<"$out")"
is "a copy's share is the quotient of the two speeds" true "$(jq '[.codecs[] | .copy_gbs as $c | .encode, .decode |
    (.gbs / $c * 100 / .percent_of_copy.value - 1) | fabs < 1e-9] | all' <<<"$out")"
is "turbo3's error" true "$(jq '.codecs[0].error | . > 0.030 and . < 0.038' <<<"$out")"
hashes=$(jq -r '[.codecs[].bytes_hash] | join(" ")' <<<"$out")
is "hashes" 2 "$(grep -oE '\b[0-9a-f]{64}\b' <<<"$hashes" | wc -l)"

for level in portable avx2 avx512 neon abacus; do
    KVANT_SIMD=$level run bench turbo3 'rotate(q8_0)' "${quick[@]}" --json
    is "the same bytes with $level" "$hashes" "$(jq -r '[.codecs[].bytes_hash] | join(" ")' <<<"$out")"
done
KVANT_SIMD=portable run bench turbo3 "${quick[@]}" --json
is "the level is said" portable "$(jq -r .simd <<<"$out")"

run bench kivi "${quick[@]}" --dim 64 --json
is "rows are whole blocks" 0 "$(jq '.codecs[0] | .rows % .block' <<<"$out")"
is "and no fewer than asked for" true "$(jq '.codecs[0].rows >= 48' <<<"$out")"
run bench q8_0 --reps 5 --json
is "without --rows: in the cache and beyond" "262144 16777216" "$(jq -r '[.codecs[] | .rows * .dim * 4] | join(" ")' <<<"$out")"
run bench q8_0 "${quick[@]}" --json
hash=$(jq -r '.codecs[0].bytes_hash[:12]' <<<"$out")
run bench q8_0 "${quick[@]}" --ascii
has "a person's table" "| q8_0  |   48 | encode |" "$out"
has "with the beginning of the hash" "| $hash |" "$out"

run bench --kernels --reps 5 --json
is "kernels only" 0 "$(jq '.codecs | length' <<<"$out")"
has "transforms" "wht 256" "$out"
has "blocks" "iq4_nl encode 32" "$out"
is "all timed" true "$(jq '.kernels | length > 20 and all(.gbs > 0 and .over_portable.value > 0)' <<<"$out")"
is "each with a result of its own" true "$(jq '[.kernels[].result] | all(length == 64) and length == (unique | length)' <<<"$out")"
if [[ ${3:-OFF} == OFF ]]; then
    results=$(jq -r '.kernels[].result' <<<"$out")
    KVANT_SIMD=avx2 run bench --kernels --reps 5 --json
    is "the same with fewer lanes" "$results" "$(jq -r '.kernels[].result' <<<"$out")"
fi

# Beside a reference library.
against() { jq -r "[.codecs[] | .encode.reference.$1, .decode.reference.$1 | tostring] | join(\" \")" <<<"$out"; }
run bench q8_0 q4_0 turbo3 "${quick[@]}" --against "$bad/reference_blocks.so" --json
is "the same bytes and values" "0 0 null null null null" "$(against rows_differ)"
is "its speed" true "$(jq '.codecs[0] | .encode, .decode | .gbs / .reference.gbs / .reference.over_reference.value - 1 | fabs < 1e-9' <<<"$out" | sort -u)"
is "which library" "$bad/reference_blocks.so" "$(jq -r .against <<<"$out")"
run bench q8_0 q4_0 "${quick[@]}" --against "$bad/reference_blocks.so" --ascii
has "functions that are there" "found: quantize_row_q8_0_ref, dequantize_row_q8_0" "$out"
has "functions that are not" "not there: quantize_row_q4_0_ref, dequantize_row_q4_0" "$out"
has "a column" "x reference" "$out"
run bench q8_0 "${quick[@]}" --against "$bad/reference_wrong.so" --json
is "other bytes: how many rows, and that it reads ours" "16 0" "$(against rows_differ)"
run bench q8_0 "${quick[@]}" --against "$bad/reference_wrong.so" --ascii
has "a person is told" "| 16 rows differ" "$out"
(cd "$bad" && exec "$kvant" bench q8_0 "${quick[@]}" --against reference_blocks.so --json) >/dev/null 2>&1
is "a bare name is a file's" 0 $?
run bench turbo3 --dim 64 "${quick[@]}" --against "$bad/reference_blocks.so" --ascii
has "none of these" "it has none of these codecs" "$out"
run bench q8_0 "${quick[@]}" --against "$bad/nowhere.so"
is "no such file" 3 "$status"
has "said so" "--against $bad/nowhere.so: No such file" "$err"
run bench q8_0 "${quick[@]}" --against tests/lab/bench.sh
has "no library" "--against tests/lab/bench.sh:" "$err"
run bench q8_0 "${quick[@]}" --against "$bad/drifts.so"
is "a library of something else" 3 "$status"
has "what was looked for" "no function of it is known here; looked for quantize_row_q8_0_ref" "$err"

# A library that does harm: said, and of it.
for what in 'long:writes more than q8_0 of 48 rows of 128 need' 'dies:took part: bench: the codec' \
    'leaves:took part: bench: the codec ended its process with status 0'; do
    run bench q8_0 "${quick[@]}" --against "$bad/reference_${what%%:*}.so" --json
    is "one that ${what%%:*}" 3 "$status"
    has "told: ${what%%:*}" "${what#*:}" "$err"
    is "and nothing on stdout: ${what%%:*}" "" "$out"
done

# What is wrong.
for words in '--attention --kernels' '--attention --against x' '--engine turbo3' '--engine --reps 101'; do
    # shellcheck disable=SC2086 # words
    run bench $words
    is "what would not be done is refused: $words" 2 "$status"
done
run bench drifts --plugin "$bad/drifts.so" "${quick[@]}"
is "other values from time to time: no" 1 "$status"
has "said so" "than the portable version" "$err"
run bench bad_crash --plugin "$bad/bad_crash.so" "${quick[@]}"
is "a crash" 3 "$status"
run bench turbo3 --dim 30
is "a head dimension" 3 "$status"
has "which" "does not take head dimension 30" "$err"
run bench nonsense
has "no such codec" 'no codec "nonsense"' "$err"
run bench turbo3 --reps 2
is "too few repetitions" 2 "$status"
finish
