#!/usr/bin/env bash
# What the program says about the model it comes with, and about files that are none.   usage: models.sh KVANT
# shellcheck source=tests/app_face/check.bash
source "$(dirname "$0")/check.bash"
kvant=$1
model=models/kvant-books-8m-q8_0.gguf

# The shape as the model was made (models/README.md); 8 layers x 2 kv heads x 128 x 2 bytes x 2 for K and V.
text=$("$kvant" inspect $model)
has "the architecture" "llama" "$text"
has "the heads" "4, of 2 kv heads, dimension 128" "$text"
has "the cache" "8192 bytes per token in f16" "$text"
is "the same model when none is named" "$(tail -n +2 <<<"$text")" "$("$kvant" inspect | tail -n +2)"
is "and through KVANT_MODEL" "$text" "$(KVANT_MODEL=$model "$kvant" inspect)"
if command -v jq >/dev/null; then
    json=$("$kvant" inspect --json $model)
    is "the file's size" "$(stat -c %s $model)" "$(jq .file_bytes <<<"$json")"
    is "the shape in JSON" "8 256 4 2 128 2048" \
        "$(jq -r '[.layers, .embedding, .heads, .kv_heads, .head_dim, .vocabulary] | join(" ")' <<<"$json")"
    is "every weight has a type" "$(jq .parameters <<<"$json")" "$(jq '[.weights[].values] | add' <<<"$json")"
else
    echo "jq is not here: JSON is not tested"
fi

# Tokens: printable text comes back from its pieces.
line='The quick brown fox, 12 of them, jumps "over" it.'
ids=$(printf '%s' "$line" | "$kvant" tokenize --no-special $model -)
pieces=$(printf '%s' "$line" | "$kvant" tokenize --no-special --pieces $model -)
is "pieces stand beside ids" "$ids" "$(cut -f1 <<<"$pieces")"
is "the pieces make the text" "$line" "$(cut -f2- <<<"$pieces" | sed 's/^"//; s/"$//; s/\\\(.\)/\1/g' | tr -d '\n')"
is "BOS comes first where the model wants it" "$(($(wc -l <<<"$ids") + 1))" \
    "$(printf '%s' "$line" | "$kvant" tokenize $model - | wc -l)"
is "an empty text has no tokens" "" "$("$kvant" tokenize --no-special $model - </dev/null)"
is "as JSON" "[$(paste -sd, <<<"$ids")]" "$(printf '%s' "$line" | "$kvant" tokenize --no-special --json $model -)"

refused() { # PART WORDS...
    local part=$1
    shift
    "$kvant" "$@" >"$home/out" 2>"$home/err"
    is "status of: $*" 3 $?
    has "the reason" "$part" "$(<"$home/err")"
    is "one line" 1 "$(wc -l <"$home/err")"
    is "nothing on stdout" "" "$(<"$home/out")"
}
head -c 5000 $model >"$home/short.gguf"
refused "$home/short.gguf" inspect "$home/short.gguf"
refused "not a GGUF file" inspect "$0"
refused "No such file" inspect "$home/none.gguf"
refused "No such file" tokenize $model "$home/none.txt"
refused "Is a directory" tokenize $model "$home"
finish
