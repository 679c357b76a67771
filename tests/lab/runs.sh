#!/usr/bin/env bash
# Runs and sweeps on a small model: exactness, determinism, blocks, resuming.   usage: runs.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"

# identity changes nothing at all, under both protocols and on either side of RoPE.
for protocol in stream snapshot; do
    for rope in pre post; do
        evaluate "identity rope=$rope" --protocol $protocol
        is "identity runs ($protocol, $rope)" 0 $status
        is "identity is exact ($protocol, $rope)" "0 0 0 0 100 0 0.5" \
            "$(jq -r '[.kld[0], .kld_max, .dppl[0], .rms_dp[0], .top1[0], ([.layers[].rel_error] | add), .ratio] | join(" ")' <<<"$out")"
    done
done

# Any run twice, with other threads, without the cache: equal to the last bit.
for protocol in stream snapshot; do
    evaluate "k=polar(bits=3) v=q4_0" --protocol $protocol
    first=$(metrics "$out")
    has "a lossy codec loses" "true" "$(jq '.kld[0] > 0 and .top1[0] < 100 and .kld[1] <= .kld[0] and .kld[0] <= .kld[2]' <<<"$out")"
    evaluate "v=q4_0 k=polar(bits=3)" --protocol $protocol
    is "the same again ($protocol)" "$first" "$(metrics "$out")"
    threads=1 evaluate "k=polar(bits=3) v=q4_0" --protocol $protocol
    is "the same on one thread ($protocol)" "$first" "$(metrics "$out")"
    threads=3 evaluate "k=polar(bits=3) v=q4_0" --protocol $protocol --no-cache
    is "the same without the cache ($protocol)" "$first" "$(metrics "$out")"
done

# Bytes: q8_0 stores 34 bytes for 32 values; keys and values count alike.
evaluate "k=q8_0 v=f16"
is "the host's bytes" "8.5 16 12.25" \
    "$(jq -r '[([.layers[] | select(.stream == "k") | 8 * .bytes / .n_values] | add / length),
               ([.layers[] | select(.stream == "v") | 8 * .bytes / .n_values] | add / length), .bits_per_value] | join(" ")' <<<"$out")"
evaluate "q8_0 @0:f16 @-1:v=turbo4"
is "layers get their codecs" "f16 f16 q8_0 q8_0 q8_0 turbo4" "$(jq -r '[.layers[].codec] | join(" ")' <<<"$out")"

# A block codec that rounds to f16 is f16, whatever its block and window, and whatever is still open.
for protocol in stream snapshot; do
    evaluate f16 --protocol $protocol
    is "eval is the snapshot's alone ($protocol)" "$([[ $protocol == snapshot ]] && echo 17 || echo 0)" "$(jq .eval <<<"$out")"
    plain=$(jq -c '[.kld, .dppl, .top1, .ppl, .ratio, .bits_per_value, .ratio_128k]' <<<"$out")
    for blocky in "blocky(block=1)" "blocky(block=16)" "blocky(block=24,window=5)" "blocky(block=4096)" "blocky(window=7)" \
        "blocky(block=1,pool=true)" "blocky(block=24,pool=true,window=5)"; do
        evaluate "$blocky" --protocol $protocol --plugin "$build/tests/plugins/blocky.so"
        is "$blocky equals f16 ($protocol)" "$plain" "$(jq -c '[.kld, .dppl, .top1, .ppl, .ratio, .bits_per_value, .ratio_128k]' <<<"$out")"
    done
done

# One instance for all heads of a layer sees each row under its own head.
for protocol in stream snapshot; do
    for blocky in "block=1" "block=16,window=3"; do
        evaluate "k=blocky($blocky,forget=2) v=blocky(forget=1)" --protocol $protocol --plugin "$build/tests/plugins/blocky.so"
        apart=$(jq -c '[.kld, .bits_per_value, [.layers[] | .rel_error, .query_error]]' <<<"$out")
        has "a head is missing" true "$(jq '.kld[0] > 0.01 and .layers[0].rel_error > 0.1' <<<"$out")"
        evaluate "k=blocky($blocky,forget=2,pool=true) v=blocky(forget=1,pool=true)" --protocol $protocol --plugin "$build/tests/plugins/blocky.so"
        is "the same, pooled ($blocky, $protocol)" "$apart" "$(jq -c '[.kld, .bits_per_value, [.layers[] | .rel_error, .query_error]]' <<<"$out")"
    done
done

# Points that cannot be told apart are marked: f16 and what equals it, not q8_0 and f16.
evaluate q8_0
run frontier --json --model "$small" --passages 4 --protocol stream
is "equals are marked, others are not" "true 0" \
    "$(jq -r '[([.points[] | select(.config == "f16" or (.config | startswith("blocky"))) | .like_previous] | any),
               ([.points[] | select(.config == "q8_0" or .config == "identity") | select(.like_previous)] | length)] | join(" ")' <<<"$out")"

# What is encoded and what stays open, counted: blocks of 16 in 64 rows of 32 values, of which 20 are in the window, make
# 32 rows of 64 + 32 bytes and 32 of 64.
for protocol in stream snapshot; do
    evaluate "blocky(block=16,window=20,pad=32)" --protocol $protocol --plugin "$build/tests/plugins/blocky.so"
    is "open rows are counted in f16 ($protocol)" "20 4096 6" \
        "$(jq -r '[.bits_per_value, (.layers[0] | .n_values / 2 - .bytes / 10), (.layers | length)] | join(" ")' <<<"$out")"
    has "and disappear from long contexts" true "$(jq '.ratio_128k < 0.67 and .ratio_128k > 0.666' <<<"$out")"
done

# What a config means is told before it runs; a layer-adaptive mode is what it assigns.
run config turbo4 adaptive=7
is "a config is explained" 0 $status
has "in canonical form" "k=turbo4 v=turbo2 @0-1,-2..-1:v=q8_0" "$out"
has "layer by layer" "2-5        turbo4                                   turbo2" "$out"
run config turbo4 adaptive=7 --json
is "as data" "q8_0 q8_0 turbo2 turbo2 turbo2 turbo2 q8_0 q8_0" "$(jq -r '[.layers[].v] | join(" ")' <<<"$out")"
run config turbo4 @20:f16
has "a layer that is not there" "8 attention layers" "$err"

# A text from a file, and one that is too short.
seq 1 4000 >"$home/text"
evaluate turbo4 --text "$home/text"
is "a file serves as text" "0 text file" "$status $(jq -r '.text' <<<"$out") file"
printf 'too short' >"$home/short"
evaluate turbo4 --text "$home/short"
is "a short text is bad input" 3 $status
has "and says what it has" "0 passages of 64, but 4 are asked for" "$err"
is "in one line" 1 "$(wc -l <<<"$err")"

# A sweep begins with identity and skips what is there; a further one runs only what is new.
run sweep "${evaluation[@]}" --passages 4 --seed 7 q8_0 turbo4
is "a sweep" "0" $status
has "has run three" "3 run, 0 already there, 0 failed" "$err"
has "identity first" "identity" "$(sed -n 2p <<<"$out")"
run sweep "${evaluation[@]}" --passages 4 --seed 7 --k q8_0,turbo4 --v q8_0,turbo3
has "only what is new" "4 run, 1 already there, 0 failed" "$err"
run sweep --dry-run --k "polar(bits=2..3)" --v q8_0
is "a dry run lists" $'to run          k=polar(bits=2) v=q8_0\nto run          k=polar(bits=3) v=q8_0' "$(grep -v '^#' <<<"$out")"
has "and says how many" "# 2 of 2 to run" "$out"

# kill -9 in the middle loses nothing that was finished, and takes the worker along.
"$kvant" sweep "${evaluation[@]}" --passages 40 --seed 9 'polar(bits=1..8)' q8_0 q4_0 turbo2 turbo3 turbo4 >"$home/killed" 2>/dev/null &
victim=$!
for _ in $(seq 2400); do
    (($(wc -l <"$home/killed") >= 4)) && break
    sleep 0.05
done
workers=$(pgrep -P $victim)
kill -9 $victim
wait $victim 2>/dev/null
sleep 0.2
for worker in $workers; do
    for _ in $(seq 40); do # one that was only just starting notices at its first event
        [[ $(ps -o stat= -p "$worker") == [RSD]* ]] || break
        sleep 0.05
    done
    state=$(ps -o stat= -p "$worker")
    is "its worker is gone" "" "${state%%Z*}" # or waits for its new parent to notice
done
finished=$("$kvant" sql --json "select count(*) n from v_runs where passages = 40 and status = 'done'" | jq '.[0].n')
has "runs were finished" true "$( ((finished >= 3)) && echo true)"
is "the database is whole" ok "$("$kvant" sql --json 'pragma integrity_check' | jq -r '.[0].integrity_check')"
run sweep "${evaluation[@]}" --passages 40 --seed 9 'polar(bits=1..8)' q8_0 q4_0 turbo2 turbo3 turbo4
is "the sweep goes on" 0 $status
has "and keeps what was finished" "$((finished - 1)) already there" "$err"

# The frontier, and questions.
run frontier --json --model "$small" --passages 40
is "identity is on the frontier" frontier "$(jq -r '.points[] | select(.config == "identity") | .class' <<<"$out")"
has "x falls nowhere on it while y rises" true \
    "$(jq '[.points[] | select(.class == "frontier")] | . == sort_by(.x) and . == sort_by(.y)' <<<"$out")"
run frontier --y nonsense
is "a metric that is none" 2 $status
run sql "delete from runs"
is "sql only reads" 3 $status
run show 1 --json
is "show gives the row" "identity 6" "$(jq -r '[.config, (.layers | length)] | join(" ")' <<<"$out")"
run show 99999
is "a run that is not there" 3 $status

# A condition cannot reach what stands beside it; bytes that are no text break no JSON.
run runs --pinned --json
is "nothing is pinned" "[]" "$(jq -c . <<<"$out")"
run runs --pinned --json --where '1) OR (1'
is "a bracket too many is refused" "3 " "$status $out"
has "at its place" "SQL, column 2:" "$err"
run report --format csv --where '0) OR (1'
is "in a report, too" "3 " "$status $out"
run sql --write --yes "INSERT INTO configs (hash, canonical, k, v) VALUES ('odd', CAST(x'ff41' AS TEXT), CAST(x'c328' AS TEXT), 'f16'); UPDATE runs SET config = (SELECT id FROM configs WHERE hash = 'odd') WHERE id = 1"
is "a strange config" 0 $status
for line in "runs --json" "show 1 --json" "frontier --json"; do
    # shellcheck disable=SC2086 # words
    run $line
    is "$line is UTF-8" 0 "$(iconv -f UTF-8 -t UTF-8 <"$home/out" >/dev/null 2>&1 && echo $status)"
    is "$line is JSON" 0 "$(jq . <<<"$out" >/dev/null 2>&1 && echo $status)"
done
finish
