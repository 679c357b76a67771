#!/usr/bin/env bash
# --timing says where a run's time went and changes nothing else; codecs that spread their work give the same bytes on
# any number of threads.   usage: timing.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"

phases="attention closing codecs front gemm kept learning logits opening reference rows statistics summary text"

evaluate turbo4
plain=$(metrics "$out")
is "nothing is said unasked" 0 "$(grep -c 'where the time went' <<<"$err")"
evaluate turbo4 --timing
is "asked, a run says it" "0 $plain" "$status $(metrics "$out")"
is "and what memory it held beside what it must" 1 \
    "$(grep -cE '^memory: [0-9.]+ MiB at most, [0-9.]+ times the parts \(weights [0-9.]+, one cache.*turbo4$' <<<"$err")"
timing=$(grep '^{' <<<"$err")
is "as JSON where the run is JSON" "$phases" "$(jq -r 'to_entries | map(select(.value | type == "object") | .key) | sort | join(" ")' <<<"$timing")"
is "of one run on two threads" "1 2" "$(jq -r '"\(.runs) \(.threads)"' <<<"$timing")"
is "every phase a run has took time" true \
    "$(jq '[.opening, .text, .codecs, .gemm, .attention, .rows, .logits, .statistics, .summary] | all(.worked > 0 and .passed > 0)' <<<"$timing")"
is "no reference was computed again" 0 "$(jq .reference.worked <<<"$timing")"
is "codecs encode and decode within their phase" true "$(jq '.encode > 0 and .decode > 0 and .encode + .decode < .codecs.worked' <<<"$timing")"

evaluate turbo4 --timing --no-cache
is "a reference that is computed has a phase of its own" true \
    "$(jq '.reference.worked > 0 and .reference.worked > .kept.worked' <<<"$(grep '^{' <<<"$err")")"

run sweep turbo3 turbo2 "${evaluation[@]}" --passages 4 --protocol snapshot --timing
is "a sweep says it of all its runs" 0 $status
has "in a table" "where the time went" "$err"
has "with identity among them" "3 runs; \"at work\": of " "$err"
has "and what the front did" "front, database, processes" "$err"
is "stdout has the runs alone" 0 "$(grep -c 'where the time' <<<"$out")"
run sweep turbo3 turbo2 "${evaluation[@]}" --passages 4 --protocol snapshot --timing
has "a sweep that had only identity to run counts it" "1 run; " "$err"

# Rows of one encode are shared out among idle threads, and groups of rows.
run calibrate --model "$small" --ctx 64 --rows 128 --passages 4
for config in 'tcq(states=8)' 'kakeya(block=16,rank=16)' 'kakeya(block=16,rank=16,pool=layer)' 'k=kakeya(block=16,rank=16,codebook=calibrated) v=tcq(states=9)'; do
    for protocol in stream snapshot; do
        threads=1 evaluate "$config" --protocol $protocol
        one=$(metrics "$out")
        is "it runs: $config, $protocol" "0 true" "$status $(jq '.kld > 0' <<<"$out")"
        for threads in 2 3; do
            evaluate "$config" --protocol $protocol
            is "the same on $threads threads: $config, $protocol" "$one" "$(metrics "$out")"
        done
    done
done
unset threads
for level in portable avx2; do
    KVANT_SIMD=$level evaluate 'tcq(states=8)' --protocol snapshot --no-cache
    is "and on $level" "$(jq -c '[.kld, .ratio, .top1]' <<<"$out")" "$(threads=2 evaluate 'tcq(states=8)' --protocol snapshot && jq -c '[.kld, .ratio, .top1]' <<<"$out")"
done
finish
