#!/usr/bin/env bash
# Models whose layers see a sliding window: what configs say of them, what is counted, what is shown.
#   tests/lab/windows.sh KVANT BUILD_DIR
set -u
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$@"
windowed=tests/data/arch/gemma3.gguf # 7 layers, the sixth sees all, the others 16 positions

with_windows() { # CONFIG WORDS...: 4 passages of 64
    run run "$1" --model "$windowed" --ctx 64 --eval 17 --passages 4 --threads 2 --json "${@:2}"
}
foretold() { # CONFIG
    run config "$1" --model "$windowed" --ctx 64 --json
}
figures() { # what a run and a prediction of it share
    jq -c '[.ratio, .ratio_ctx, .ratio_128k, .bits_per_value]' <<<"$1"
}

# A row of a layer is 2 heads x 32 x keys and values; 6 layers keep 16 rows of 64, one all of them.
rows=$((6 * 16 + 64))
with_windows f16
is "f16 counts the rows windows keep" "$((4 * rows * 256))" "$(jq .bytes <<<"$out")"
is "f16 is its own measure" '[1,1,1,16]' "$(figures "$out")"

# Exact rows give the reference, whatever the window, the protocol and the form of the keys.
for words in "" "--protocol stream" "rope=post" "rope=post --protocol stream"; do
    post=
    [[ $words == rope=post* ]] && post=" rope=post"
    # shellcheck disable=SC2086
    with_windows "identity$post" ${words#rope=post}
    is "identity, $words: the reference" 0 "$(jq '.kld[0]' <<<"$out")"
done

# What is foretold is what is measured, where blocks divide window and context.
for config in q8_0 turbo4 'turbo4 @swa:f16' 'f16 @full:k=q8_0' 'q8_0 @swa:k=turbo4 @0:f16' 'window(q8_0,n=4)' 'v=kivi(group=8)'; do
    for protocol in snapshot stream; do
        with_windows "$config" --protocol "$protocol"
        is "$config runs, $protocol" 0 "$status"
        measured=$(figures "$out")
        foretold "$config"
        is "$config is foretold, $protocol" "$measured" "$(figures "$out")"
    done
done

# At 128K positions only the sixth layer has grown.
with_windows 'q8_0 @full:f16'
near=$(jq --argjson w $((6 * 16)) '(131072 + $w) / (131072 + $w * 8.5 / 16) - .ratio_128k | fabs < 1e-12' <<<"$out")
is "windows stand still at 128K" true "$near"

# Keys are compared by the queries that see them. Keys and queries of the first layer do not depend on any window, so a
# window as long as the passage tells what the queries past theirs would have added.
LC_ALL=C sed 's/\(attention.sliding_window....\)\x10/\1\x40/' "$windowed" >"$home/wide.gguf"
run inspect "$home/wide.gguf"
has "a wider window" "64 positions in 6 of 7 layers" "$out"
error_of() { # MODEL
    run run turbo4 --model "$1" --text tests/data/arch/text.txt --ctx 64 --eval 17 --passages 1 --json
    jq -c '.layers[] | select(.layer == 0 and .stream == "k") | [.rel_error, .query_error]' <<<"$out"
}
narrow=$(error_of "$windowed")
wide=$(error_of "$home/wide.gguf")
is "the same keys" "$(jq '.[0]' <<<"$wide")" "$(jq '.[0]' <<<"$narrow")"
lacks "seen by other queries" "$(jq '.[1]' <<<"$wide")" "$(jq '.[1]' <<<"$narrow")"

# Two ways to say one thing.
with_windows 'turbo4 @swa:f16'
one=$(metrics "$out")
with_windows 'f16 @full:turbo4'
is "swa in f16 is all but full in f16" "$(jq -c 'del(.config, .config_hash, .k, .v)' <<<"$one")" \
    "$(metrics "$out" | jq -c 'del(.config, .config_hash, .k, .v)')"
foretold 'turbo4 @0:q8_0 @swa:f16'
is "counted layers lie above kinds" '["q8_0","f16","f16","f16","f16","turbo4","f16"]' "$(jq -c '[.layers[].k]' <<<"$out")"
is "the text has kinds first" 'turbo4 @swa:f16 @0:q8_0' "$(jq -r .config <<<"$out")"
is "windows are told" '[16,16,16,16,16,0,16]' "$(jq -c '[.layers[].window]' <<<"$out")"

# Where there is nothing to name.
run run 'turbo4 @swa:f16' "${evaluation[@]}"
is "no windows: status" 3 "$status"
has "no windows: why" "swa: no layer of this model has a sliding window (column 9)" "$err"
run config 'turbo4 @full:f16' --model "$small"
has "no windows, full" "full: no layer of this model has a sliding window" "$err"
run run 'turbo4 @swa,0:f16' --model "$windowed"
has "kinds stand alone" "swa names layers alone" "$err"

# What a person sees.
run inspect "$windowed"
has "inspect: windows" "16 positions in 6 of 7 layers: 0-4,6" "$out"
has "inspect: norms" "of queries and keys; before and after attention and feed-forward" "$out"
has "inspect: cache" "536.00 KiB at its full context" "$out"
run inspect "$small"
has "inspect: none" "none: all layers see all positions" "$out"
run config 'turbo4 @swa:f16' --model "$windowed"
has "config: a column for windows" "layers     window  keys" "$out"
has "config: the layer that sees all" "5          all     turbo4" "$out"
run config turbo4 --model "$small"
has "config: no column without" "layers     keys " "$out"

finish
