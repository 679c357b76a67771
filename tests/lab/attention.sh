#!/usr/bin/env bash
# The suite `attention`: exactly 1 for the exact cache, the plain run's metrics from the same passes, windows, blocks,
# the worst head, and what is refused.
# usage: attention.sh KVANT BUILD_DIR SANITIZED
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins
windowed=tests/data/arch/gemma3.gguf # 7 layers; all but layer 5 see 16 positions

attend() { # MODEL CONFIG WORDS...
    run attention "$2" --model "$1" --ctx 64 --passages 2 --threads "${threads-2}" --json "${@:3}"
}
figures() { # FIGURE, of all heads, once each
    jq -c --arg f "$1" '[.items[][$f]] | unique' <<<"$out"
}

# ---- the exact cache ----

for model in "$small" "$windowed"; do
    attend "$model" identity
    is "$model: status" 0 $status
    is "$model: weights" '[1]' "$(figures score)"
    is "$model: outputs" '[1]' "$(figures second)"
    is "$model: logits" '["logit error 0, least cosine 1.0000"]' "$(figures note)"
    is "$model: all queries of both passages" '[128]' "$(figures n)"
done
is "an item for each head of each layer" '[[0,0],[0,1],[0,2],[0,3],[1,0]]' "$(jq -c '[.items[:5][] | [.x, .y]]' <<<"$out")"
is "of seven layers" 28 "$(jq '.items | length' <<<"$out")"

# ---- a config ----

attend "$small" turbo3
is "turbo3: status" 0 $status
suite=$out
is "a run of its own kind" "attention: self" "$(jq -r .text <<<"$suite")"
is "protocol" stream "$(jq -r .protocol <<<"$suite")"
is "no cosine is above 1, none is 1" true "$(jq '[.items[] | .score, .second] | all(. > 0 and . < 1)' <<<"$suite")"
is "the worst head is marked" "$(jq -c '.items | min_by(.score) | [.x, .y]' <<<"$suite")" \
    "$(jq -c '[.items[] | select(.note | startswith("worst: ")) | [.x, .y]] | if length == 1 then .[0] else . end' <<<"$suite")"
has "and named" "worst head: layer " "$err"
run run turbo3 "${evaluation[@]}" --passages 2 --json
for figure in kld ppl ppl_ref dppl top1 kld_max k v; do
    is "$figure is the plain run's" "$(jq -c ".$figure" <<<"$out")" "$(jq -c ".$figure" <<<"$suite")"
done
threads=3 attend "$small" turbo3
is "threads change nothing" "$(jq -c .items <<<"$suite")" "$(jq -c .items <<<"$out")"
attend "$small" turbo3 --queries 16
is "fewer queries" '[32]' "$(figures n)"
run attention turbo3 --model "$small" --ctx 600 --passages 1 --queries 100 --json
is "as many as asked, also over several batches" '[100]' "$(figures n)"
attend "$small" q8_0
is "q8_0 stays above the gate" true "$(jq '[.items[].score] | add / length > 0.995' <<<"$out")"
attend "$small" bad_uniform2 --plugin "$bad/bad_uniform2.so"
is "2-bit uniform does not" true "$(jq '[.items[].score] | add / length < 0.995' <<<"$out")"

# The first layer's rows and queries are those of the exact pass, which a capture has.
run capture --model "$small" --ctx 64 --passages 2 --type f32 -o "$home/rows.safetensors"
is "a capture" 0 $status
run offline turbo3 "$home/rows.safetensors" --json
is "layer 0 is what a capture of the same passages shows" \
    "$(jq -c '[.layers[0].heads[] | [.weight_cosine, .output_cosine]]' <<<"$out")" \
    "$(jq -c '[.items[] | select(.x == 0) | [.score, .second]]' <<<"$suite")"

# ---- windows ----

# Rows the config keeps exact, in f16, are all that a layer with a short window ever sees.
attend "$windowed" 'window(bad_uniform2,n=16)' --plugin "$bad/bad_uniform2.so"
is "layers with a window see only their window" true \
    "$(jq '[.items[] | select(.x != 5) | .score, .second] | all(. > 0.99999)' <<<"$out")"
is "the layer without sees the rest" true "$(jq '[.items[] | select(.x == 5) | .score] | all(. < 0.999)' <<<"$out")"
attend "$windowed" 'window(bad_uniform2,n=8)' --plugin "$bad/bad_uniform2.so"
is "half the window is not enough" true "$(jq '[.items[] | select(.x != 5) | .second] | all(. < 0.9999)' <<<"$out")"
attend "$small" 'window(bad_uniform2,n=64)' --plugin "$bad/bad_uniform2.so"
is "rows that stay open are f16" true "$(jq '[.items[] | .score, .second] | all(. > 0.99999)' <<<"$out")"

# ---- words ----

run attention turbo3 --model "$small" --ctx 2
is "too short: status" 2 $status
has "too short: the reason" "leave nothing to score" "$err"
run attention turbo3 --model "$small" --passages 0
is "no passages" 2 $status
run attention
is "no config" 2 $status
run attention turbo3 q8_0 --model "$small" --ctx 64 --passages 1
is "two configs" 0 $status
has "a line each" "q8_0" "$out"
run attention identity --model "$small" --passages 1
is "without --ctx" 0 $status
has "512 tokens" "ctx 512" "$out"
finish
