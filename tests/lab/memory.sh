#!/usr/bin/env bash
# kvant memory: what a cache weighs, which context fits, and whether a run agrees.
#   usage: memory.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins
hermes="layers=40 kv=8 dim=128"

# Hermes-4-14B as llama.cpp keeps it, in MiB: published.
run memory "$hermes" --json
is "the usual configs" 0 "$status"
is "a published table" "320,170,127.5,116.25,106.25,85,62.5,42.5
1280,680,510,465,425,340,250,170
5120,2720,2040,1860,1700,1360,1000,680
10240,5440,4080,3720,3400,2720,2000,1360
20480,10880,8160,7440,6800,5440,4000,2720" \
    "$(jq -r '[.configs[].contexts | map(.bytes / 1048576)] | transpose[] | join(",")' <<<"$out")"
is "its ratios" "1,1.8824,2.5098,2.7527,3.0118,3.7647,5.12,7.5294" \
    "$(jq -r '[.configs[].contexts[0].ratio * 10000 | round / 10000] | join(",")' <<<"$out")"
is "every figure is sure" true "$(jq 'all(.configs[]; .exact)' <<<"$out")"
run memory "$hermes"
has "MiB" "cache    MiB, for 1 sequence" "$out"
has "a row of it" "│ k=q8_0 v=turbo3 │     5.8125 │ 2.75x │       59520 │ 116.25 │  465 │ 1860 │  3720 │  7440 │" "$out"
run memory "$hermes" turbo4 --ctx 128k --unit GiB --ascii
has "GiB, in ASCII" "| turbo4 |     4.2500 | 3.76x |       43520 | 5.3125 |" "$out"
run memory layers=64 kv=4 dim=256 attention=1/4 f16 turbo4 --ctx 128k --json
is "a hybrid without quotes: 8 and 2.125 GiB" "8 2.125" \
    "$(jq -r '[.configs[].contexts[0].bytes / 1073741824] | join(" ")' <<<"$out")"
is "its layers" "64 16" "$(jq -r '[.model.layers, .model.layers_with_cache] | join(" ")' <<<"$out")"
run memory "layers=94 kv=4 dim=128" f16 q8_0 k=q8_0 turbo4 turbo3 turbo2 --ctx 128k --json
is "94 layers at 128K, MiB" "24064 12784 18424 6392 4700 3196" \
    "$(jq -r '[.configs[].contexts[0].bytes / 1048576] | join(" ")' <<<"$out")"
run memory "$hermes" turbo4 --ctx 1000 --round 256 --sequences 4 --json
is "rounded cells, four sequences" "1024 $((4 * 1024 * 43520))" \
    "$(jq -r '.configs[0].contexts[0] | "\(.cells) \(.bytes)"' <<<"$out")"

many=$(seq -s, 1024 1024 24576)
run memory "$hermes" f16 --ctx "$many" --unit bytes --ascii
has "as many contexts as there may be" " $((24576 * 163840)) |" "$out"
run memory "$hermes" f16 --ctx "$many,32k"
is "and not one more" "2 " "$status $out"

# The ceiling: 27 GiB less 16 of weights at 163840 and 43520 bytes a token.
run memory "$hermes" f16 turbo4 --budget 27G --weights 16G --json
is "no context is asked for: yes" 0 "$status"
is "ceilings" "72089 271396" "$(jq -r '[.configs[].ceiling] | join(" ")' <<<"$out")"
is "a ceiling fits, one token more does not" true \
    "$(jq 'all(.configs[]; .ceiling_need_bytes <= 27 * 1073741824 and .ceiling_need_bytes + 163840 > 27 * 1073741824)' <<<"$out")"
run memory "$hermes" f16 turbo4 --budget 27G --weights 16G --sequences 4 --json
is "of four sequences" "18022 67849" "$(jq -r '[.configs[].ceiling] | join(" ")' <<<"$out")"
run memory "$hermes" f16 turbo4 --budget 27G --weights 16G --need-ctx 128k
is "one does not reach it" 1 "$status"
has "which one" "no  " "$(grep '│ f16 ' <<<"$out" | tail -1)"
has "and which does" "yes" "$(grep '│ turbo4 ' <<<"$out" | tail -1)"
has "what was counted" "27 GiB for the cache and 16 GiB of weights (as given); compute buffers are not counted" "$out"
run memory "$hermes" turbo4 --budget 27G --weights 16G --need-ctx 271396
is "just enough" 0 "$status"
run memory "$hermes" turbo4 --budget 27G --weights 16G --need-ctx 271397
is "one too many" 1 "$status"
run memory "$hermes" turbo4 --budget 1G --weights 2G --json
is "nothing fits" 0 "$(jq '.configs[0].ceiling' <<<"$out")"
run memory "layers=2 kv=1 dim=64 windows=64:1/1" f16 --budget 1M --json
is "windows alone never fill it" "16777216 true" "$(jq -r '.configs[0] | "\(.ceiling) \(.ceiling_is_limit)"' <<<"$out")"

# A file's weights are counted, unless told otherwise.
run memory "$small" f16 --budget 10M --json
is "a file weighs" "$(stat -c %s "$small")" "$(jq .weights_bytes <<<"$out")"
counted=$(jq '.configs[0].ceiling' <<<"$out")
is "under the ceiling" $(((10485760 - $(stat -c %s "$small")) / 768)) "$counted"
run memory "$small" f16 --budget 10M --weights off --json
is "or not" $((10485760 / 768)) "$(jq '.configs[0].ceiling' <<<"$out")"

# A run counts what was computed.
run memory "$small" turbo4 q8_0 "q8_0 @0:f16" "window(q4_0,n=20)" "kivi(group=32)" --measure --ctx 100 \
    --text tests/data/arch/text.txt --json
is "measured" 0 "$status"
is "not a byte off" "0 0 0 0 0" "$(jq -r '[.configs[].measured.deviation_percent] | join(" ")' <<<"$out")"
is "bytes, not nothing" "81600 40800" "$(jq -r '[.configs[:2][].measured.bytes] | join(" ")' <<<"$out")"
is "nothing was stored" "" "$(find "$home" -name 'kvant.db')"

# Nonsense
expect() { # WHAT STATUS MESSAGE WORDS...
    run "${@:4}"
    is "$1" "$2" "$status"
    has "$1, told" "$3" "$err"
    is "$1: one line" 1 "$(wc -l <<<"$err")"
}
expect "no model" 2 "MODEL is missing" memory
expect "no such file" 3 "nothing.gguf" memory nothing.gguf
expect "no model at all" 3 "README.md" memory README.md
expect "half a description" 3 "says no kv=" memory layers=4 dim=3
expect "no such codec" 3 'did you mean "turbo4"' memory "$hermes" turob4
expect "a head it does not take" 3 "does not take head dimension 99" memory "layers=1 kv=1 dim=99" q8_0
expect "a need without a budget" 2 "needs --budget" memory "$hermes" --need-ctx 64k
expect "contexts" 2 'option --ctx is "x"' memory "$hermes" --ctx 8k,x
expect "a number that is cut nowhere" 2 "is no size" memory "$hermes" --ctx 00000000000000000000000000000008k
expect "an end of a list" 2 'option --ctx is ""' memory "$hermes" --ctx 8k,
expect "a context out of reach" 2 "must lie in 1 ... 16777216" memory "$hermes" --ctx 20M
expect "a description is not run" 2 "--measure needs a model's file" memory "$hermes" --measure
expect "weights of nothing" 2 "has no file" memory "$hermes" --budget 1G --weights on
crash="bad_crash: the codec died of signal 11"
[[ ${3-OFF} == ON ]] && crash="bad_crash: the codec ended its process with status 1"
run memory "layers=1 kv=1 dim=64" bad_crash q8_0 --plugin "$bad/bad_crash.so" --ctx 64 --json
is "a codec that crashes" 3 "$status"
has "is told" "$crash" "$err"
is "and costs its row alone" "null 8704" \
    "$(jq -r '"\(.configs[0].contexts) \(.configs[1].contexts[0].bytes)"' <<<"$out")"
run memory "layers=1 kv=1 dim=99" --ctx 64
is "usual configs that do not fit the heads are a remark" 0 "$status"
has "in the table" "does not take head dimension 99" "$out"
finish
