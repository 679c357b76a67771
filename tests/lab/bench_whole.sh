#!/usr/bin/env bash
# kvant bench --engine --against a whole engine: that both read the same tokens of the same model, and that nothing
# passes for an engine that is none. How fast anything is, it does not ask.
#   usage: bench_whole.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
libraries=$build/tests/plugins
model=$home/model.gguf
"$build/tests/lab/random_model" "$model" vocab=500 layers=1 embd=64 ff=64
beside() { # LIBRARY WORDS...
    run bench --engine --reps 5 -m "$model" -j 2 --against "$libraries/$1.so" "${@:2}"
}

beside reference_engine --json
is "beside an engine" 0 "$status"
is "which" "$libraries/reference_engine.so" "$(jq -r .against <<<"$out")"
is "the same model behind the same prompt" "0 true" "$(jq -r '.reference_engine | "\(.kld) \(.same_top)"' <<<"$out")"
is "a prompt, generation, generation at depth" "prompt generation depth" "$(jq -r '[.reference_engine.rows[].what] | join(" ")' <<<"$out")"
is "kvant's figures are those of the table" true \
    "$(jq '[.rows[] | select(.what == "prompt" or .what == "generation" or .what == "depth").median] as $all |
    [.reference_engine.rows[].kvant] | [., $all] | transpose | map(.[0] / .[1] - 1 | fabs < 1e-9) | all' <<<"$out")"
is "times as fast is the quotient" true \
    "$(jq '[.reference_engine.rows[] | .kvant / .reference / .over_reference.value - 1 | fabs < 1e-9] | all' <<<"$out")"
is "inside its interval" true "$(jq '[.reference_engine.rows[].over_reference | .lo <= .value and .value <= .hi] | all' <<<"$out")"
is "an engine has no products of its own to show" null "$(jq .products_of_a_token <<<"$out")"
hashes=$(jq -c '[.rows[].hash | values]' <<<"$out")
run bench --engine --reps 5 -m "$model" -j 2 --json
is "kvant says the same without" "$hashes" "$(jq -c '[.rows[].hash | values]' <<<"$out")"
is "and nothing of an engine" null "$(jq .reference_engine <<<"$out")"

beside reference_engine --ascii
has "a person is told how near it is" "reference_engine.so; behind the prompt its logits are 0 nats from kvant's" "$out"
has "in a table" "| tokens/s " "$out"
has "with the depth" "| generation at depth 1000 |" "$out"
lacks "the library's own words are not heard" "nobody needs" "$out$err"

# Libraries that are something else.
died="engine_dies.so took part: bench: the engine"
for what in 'other:nats from kvant'\''s, more than 1: another model' 'place:n_ctx is not where it should be' \
    'fails:llama_decode of 512 tokens gave -2' "dies:$died" 'vocabulary:has 501 tokens; there are 500' \
    'misses:it has llama_decode, but no ggml_backend_reg_by_name' 'silent:llama_get_logits gave none' \
    'idle:no libggml-cpu beside it'; do
    beside "engine_${what%%:*}" --json
    is "refused: ${what%%:*}" 3 "$status"
    has "told: ${what%%:*}" "${what#*:}" "$err"
    is "and nothing on stdout: ${what%%:*}" "" "$out"
done
run bench --engine --reps 5 -m "$model" --against "$libraries/drifts.so"
has "what was looked for" "it has no llama_decode" "$err"
finish
