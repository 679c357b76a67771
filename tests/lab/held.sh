#!/usr/bin/env bash
# What a run holds of a cache much larger than all else: one layer's rows at a time, or no more than one cache.
#   usage: held.sh KVANT BUILD_DIR SANITIZED (ON or OFF: what the sanitizers hold would be counted, too)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
sanitized=${3-OFF}
model=$home/deep.gguf
layers=48 ctx=1024 eval=33
[[ $sanitized == ON ]] && layers=3 ctx=600
"$build/tests/lab/random_model" "$model" layers=$layers embd=256 ff=32 heads=8 kv=8 vocab=512 ctx=2048 || exit 1
yes 'Sixteen streams a layer, and many layers, make a cache that is larger than the model.' | head -n 100 >"$home/text"
cache=$((layers * 2 * 8 * 32 * 4 * (ctx + eval))) # bytes

deep() { # CONFIG WORDS...
    run run "$1" --model "$model" --text "$home/text" --passages 1 --ctx $ctx --eval $eval --threads 2 --json "${@:2}"
}
# Model, tokenizer, activations and codecs of 768 streams take some 60 MiB here.
less_than() { # WHAT TENTHS-OF-A-CACHE
    local most=$((cache * $2 / 10 + (60 << 20)))
    [[ $sanitized == ON ]] || is "$1: $(jq '.peak_rss_bytes / 1048576 | floor' <<<"$out") MiB, expected less than $((most >> 20))" true \
        "$(jq --argjson most $most '.peak_rss_bytes < $most' <<<"$out")"
}

deep q8_0
is "it runs" 0 "$status"
stream=$(metrics "$out")
less_than "exact and compressed rows, layer by layer" 3
deep q8_0
less_than "and with the kept reference" 3
is "which gives the same" "$stream" "$(metrics "$out")"
deep kivi
is "rows that stay open" 0 "$status"
less_than "stand twice, of one layer" 4

deep q8_0 --protocol snapshot
is "the other protocol" 0 "$status"
snapshot=$(metrics "$out")
less_than "the exact prefix makes room for the config's" 12
deep q8_0 --protocol snapshot
less_than "of a kept prefix one layer is held" 4
is "which gives the same, too" "$snapshot" "$(metrics "$out")"

# Rows go through a codec some hundred KiB at a time: 8 heads together are three pieces here, and all of them come back.
"$build/tests/lab/random_model" "$home/wide.gguf" layers=2 embd=256 ff=32 heads=8 kv=8 vocab=512 ctx=2048 || exit 1
pieces() { # CONFIG WORDS...
    run run "$1" --model "$home/wide.gguf" --text "$home/text" --passages 1 --ctx 1100 --eval 17 --threads 2 --json "${@:2}"
}
for protocol in snapshot stream; do
    pieces 'kakeya(block=16,rank=16,pool=layer)' --protocol $protocol
    is "pooled rows in pieces, $protocol" "0 true" "$status $(jq '[.layers[].rel_error] | max < 1e-5' <<<"$out")"
done
finish
