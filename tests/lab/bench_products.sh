#!/usr/bin/env bash
# kvant bench --engine --against: that both sides multiply the same matrices, and that nothing passes for a dot product
# that is none. How fast anything is, it does not ask.
#   usage: bench_products.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
libraries=$build/tests/plugins
quick=(--engine --reps 5)
"$build/tests/lab/random_model" "$home/q8_0.gguf" vocab=500
"$build/tests/lab/random_model" "$home/f16.gguf" type=1

row() { jq ".products_of_a_token[$1]" <<<"$out"; }

run bench "${quick[@]}" -m "$home/q8_0.gguf" -j 2 --against "$libraries/reference_dots.so" --json
is "beside a library" 0 "$status"
is "which" "$libraries/reference_dots.so" "$(jq -r .against <<<"$out")"
is "all matrices of two layers, and the output" "Q8_0 15" "$(row 0 | jq -r '"\(.weights) \(.matrices)"')"
# 64 x (64 + 2 x 32 + 64) and 3 x 64 x 128 a layer, 500 x 64; 34 bytes for 32 values
is "with the bytes they have in the file" $(((2 * 64 * 192 + 2 * 3 * 64 * 128 + 500 * 64) * 34 / 32)) "$(row 0 | jq .bytes)"
is "one type, one row" 1 "$(jq '.products_of_a_token | length' <<<"$out")"
is "times as fast is the quotient of the two speeds" true "$(row 0 | jq '.kvant / .reference / .over_reference.value - 1 | fabs < 1e-9')"
is "inside its interval" true "$(row 0 | jq '.over_reference | .lo <= .value and .value <= .hi')"
is "generation beside the library's products is the quotient, too" true "$(jq '([.rows[] | select(.what == "generation").median][0] /
    .products_of_a_token[0].reference / .generation_over_reference.value - 1) | fabs < 1e-9' <<<"$out")"
is "kvant's error is that of f32" true "$(row 0 | jq '.kvant_off > 0 and .kvant_off < 1e-5')"
is "the library's that of 8 bits" true "$(row 0 | jq '.reference_off > 1e-3 and .reference_off < 0.03')"
off=$(row 0 | jq -c '[.kvant_off, .reference_off]')
hashes=$(jq -c '[.rows[].hash | values]' <<<"$out")
for threads in $([[ ${3:-OFF} == OFF ]] && echo 1) 3; do
    run bench "${quick[@]}" -m "$home/q8_0.gguf" -j "$threads" --against "$libraries/reference_dots.so" --json
    is "the same errors on $threads threads" "$off" "$(row 0 | jq -c '[.kvant_off, .reference_off]')"
done
run bench "${quick[@]}" -m "$home/q8_0.gguf" --json
is "the engine says the same without" "$hashes" "$(jq -c '[.rows[].hash | values]' <<<"$out")"
is "and nothing of a library" null "$(jq .products_of_a_token <<<"$out")"

# Several types of weights, some of which the library does not have.
run bench "${quick[@]}" -m tests/data/arch/llama-256-Q3_K_M.gguf --against "$libraries/reference_dots.so" --json
is "in the order of a token" "Q3_K 8,Q5_K 2,Q4_K 4,Q6_K 1,all 7" \
    "$(jq -r '[.products_of_a_token[] | "\(.weights) \(.matrices)"] | join(",")' <<<"$out")"
is "what is left out" ggml_vec_dot_q3_K_q8_K "$(row 0 | jq -r .left_out)"
is "is not timed" null "$(row 0 | jq .kvant)"
is "all are those that are timed" true "$(jq '[.products_of_a_token[1:4][].bytes] | add as $sum | $sum' <<<"$out" |
    jq --argjson all "$(row 4 | jq .bytes)" '. == $all')"
is "their errors are the largest of each" true "$(jq '.products_of_a_token[1:] |
    .[3].kvant_off == ([.[0:3][].kvant_off] | max) and .[3].reference_off == ([.[0:3][].reference_off] | max)' <<<"$out")"
is "each type is multiplied by itself" 3 "$(jq '[.products_of_a_token[1:4][].reference_off] | unique | length' <<<"$out")"
is "generation needs what is left out" null "$(jq .generation_over_reference <<<"$out")"
run bench "${quick[@]}" -m tests/data/arch/llama-256-Q3_K_M.gguf --against "$libraries/reference_dots.so" --ascii
has "a person is told" "Q3_K: left out, no ggml_vec_dot_q3_K_q8_K" "$out"
has "and what there is" "Q4_K: ggml_gemv_q4_K_8x8_q8_K after quantize_row_q8_K_ref" "$out"
has "in a table" "| weights | matrices |" "$out"
has "with all of them" "| all " "$out"
lacks "no generation" "generation, attention" "$out"
run bench "${quick[@]}" -m "$home/f16.gguf" --against "$libraries/reference_dots.so" --ascii
has "another name of what prepares" "F16: ggml_vec_dot_f16 after ggml_fp32_to_fp16_row" "$out"
has "generation" "generation, attention and all, over the reference's products alone: " "$out"
run bench "${quick[@]}" -m "$small" --against "$libraries/reference_dots.so" --json
is "activations as they are" true "$(row 0 | jq '.weights == "F32" and .reference_off < 1e-5')"

# Q4_K, 8 rows side by side and row by row: the same sums.
"$build/tests/lab/random_model" "$home/q4_k.gguf" type=12 layers=1 embd=256 ff=256 vocab=250
for library in reference_dots:ggml_gemv_q4_K_8x8_q8_K dots_rows:ggml_vec_dot_q4_K_q8_K; do
    run bench "${quick[@]}" -m "$home/q4_k.gguf" -j 2 --against "$libraries/${library%%:*}.so" --json
    is "${library%%:*} multiplies with" "${library#*:}" "$(row 0 | jq -r .function)"
    offs+=$(row 0 | jq -c '[.matrices, .kvant_off, .reference_off]')
done
is "with the same errors" "${offs:0:${#offs}/2}" "${offs:${#offs}/2}"

# Libraries that are something else.
for what in 'last:ggml_vec_dot_q8_0_q8_0 is something else than a dot product: off by' 'coarse:off by 0.' \
    'nan:off by inf of what such products are' 'dies:dots_dies.so took part: bench: the engine'; do
    run bench "${quick[@]}" -m "$home/q8_0.gguf" --against "$libraries/dots_${what%%:*}.so" --json
    is "refused: ${what%%:*}" 3 "$status"
    has "told: ${what%%:*}" "${what#*:}" "$err"
    is "and nothing on stdout: ${what%%:*}" "" "$out"
done
run bench "${quick[@]}" -m "$home/q8_0.gguf" --against "$libraries/dots_bare.so" --json
is "nothing that prepares activations: left out" "ggml_vec_dot_q8_0_q8_0 null" "$(row 0 | jq -r '"\(.left_out) \(.kvant)"')"
is "and generation has nothing beside it" null "$(jq .generation_over_reference <<<"$out")"
for library in reference_blocks drifts; do
    run bench "${quick[@]}" -m "$home/q8_0.gguf" --against "$libraries/$library.so"
    is "no dot product in $library" 3 "$status"
    has "what was looked for in $library" "no function of it is known here; looked for ggml_vec_dot_" "$err"
done
run bench q8_0 --reps 5 --rows 48 --against "$libraries/dots_dies.so"
has "dot products are no codecs" "looked for quantize_row_q8_0_ref" "$err"
run bench "${quick[@]}" -m "$home/q8_0.gguf" --against "$home/nowhere.so"
has "no such file" "nowhere.so: No such file" "$err"
finish
