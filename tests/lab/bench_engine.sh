#!/usr/bin/env bash
# kvant bench --engine: that every figure is there and belongs to the same answers. How fast anything is, it does not ask.
#   usage: bench_engine.sh KVANT BUILD_DIR SANITIZED
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
quick=(--engine --reps 5 -m "$small")

run bench "${quick[@]}" -j 2 --json
is "on two threads" 0 "$status"
is "every row is there" "peak products read prompt generation depth round" "$(jq -r '[.rows[].what] | join(" ")' <<<"$out")"
is "with figures" true "$(jq '[.rows[] | .median, .best] | all(. > 0)' <<<"$out")"
is "a share is the figure over its bound" true "$(jq '([.rows[] | {(.what): .median}] | add) as $m |
    .rows[1] | (.median / $m[.bound] * 100 / .percent - 1) | fabs < 1e-9' <<<"$out")"
is "the best is no worse than the median" true "$(jq '[.rows[] | if .what == "round" then .best <= .median
    else .best >= .median end] | all' <<<"$out")"
is "weights take about what they take in the file" true "$(jq '.kept_bytes <= 1.05 * .file_bytes' <<<"$out")"
hashes=$(jq -r '[.rows[].hash | values] | join(" ")' <<<"$out")
is "three hashes" 3 "$(grep -oE '\b[0-9a-f]{64}\b' <<<"$hashes" | wc -l)"

KVANT_SIMD=avx2 run bench "${quick[@]}" -j 1 --ascii
is "one thread, fewer lanes" 0 "$status"
has "a person's table" "| prompt of 512" "$out"
has "with one thread" ", 1 thread; medians of 5, wall time" "$out"
for hash in $hashes; do
    has "the same answers" "| ${hash:0:12} |" "$out"
done
run bench --engine -m tests/data/arch/none.gguf
is "no such model" 3 "$status"
finish
