#!/usr/bin/env bash
# A large vocabulary: logits of a passage are never held, and never kept, all at once. 152 thousand tokens make 594 KiB
# of logits a position, 222 MiB a passage and side here; the model itself is small.
#   usage: vocabulary.sh KVANT BUILD_DIR SANITIZED (ON or OFF: what the sanitizers hold would be counted, too)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
sanitized=${3-OFF}
model=$home/wide.gguf
positions=768 # 383 are scored
[[ $sanitized == ON ]] && positions=320
"$build/tests/lab/random_model" "$model" layers=1 embd=32 ff=32 heads=1 kv=1 vocab=152064 ctx=1024 || exit 1
yes 'The vocabulary is large and the model is small.' | head -n 200 >"$home/text"

wide() { # CONFIG WORDS...
    run run "$1" --model "$model" --text "$home/text" --passages 1 --threads 2 --json "${@:2}"
}
peak() { # MiB
    jq '.peak_rss_bytes / 1048576 | floor' <<<"$out"
}
# What one side's logits of the passage would take is more than the whole run may.
small_enough() { # WHAT
    local side=$((383 * 152064 * 4 / 1048576))
    [[ $sanitized == ON ]] || is "$1: $(peak) MiB at most, a side's logits would be $side" true \
        "$(jq --argjson side $side '.peak_rss_bytes / 1048576 < $side' <<<"$out")"
}

wide q8_0 --ctx "$positions"
is "a run of a large vocabulary" 0 "$status"
first=$(metrics "$out")
small_enough "logits that are computed"
has "it measures something" true "$(jq '.kld[0] > 0 and .kld[0] < 1 and .ppl_ref > 1' <<<"$out")"

wide q8_0 --ctx "$positions"
is "the kept reference gives the same, to the last bit" "$first" "$(metrics "$out")"
small_enough "logits from a kept reference"
kept=$(find "$home" -path '*reference*' -name '*.kvant' -printf '%s\n')
is "a reference of one passage is kept" 1 "$(wc -l <<<"$kept")"
is "without logits: 32 numbers a position" $(((positions - 1 - positions / 2) * 32 * 4 + 64)) "$kept"

wide identity --ctx 256
is "identity is exact" "0 100" "$(jq -r '[.kld[0], .top1[0]] | join(" ")' <<<"$out")"

wide q8_0 --protocol snapshot --ctx 64 --eval $((positions / 2))
is "the other protocol" 0 "$status"
small_enough "logits of a snapshot"
finish
