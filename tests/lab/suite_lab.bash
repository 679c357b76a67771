# suite_lab.bash - what the tests of the suites needle and prompts share.
#
#   source tests/lab/suite_lab.bash KVANT BUILD_DIR
#   items JQ                     the items of the run in $out, one line each
#   with_template MODEL TO       the model with a chat template whose only token is the end of the text
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
books=models/kvant-books-8m-q8_0.gguf
bad=(--plugin "$build/tests/plugins/bad_uniform2.so")

items() { jq -r ".items[] | $1" <<<"$out"; }

# A key more behind the file's head, of 128 bytes, so that everything behind it stays aligned.
with_template() {
    local keys
    keys=$(od -An -tu8 -j16 -N8 "$1")
    {
        head -c 16 "$1"
        printf '%b' "$(printf '\\x%02x\\x%02x' $(((keys + 1) % 256)) $(((keys + 1) / 256)))"'\0\0\0\0\0\0'
        printf '%b' '\x17\0\0\0\0\0\0\0tokenizer.chat_template\x08\0\0\0\x55\0\0\0\0\0\0\0'
        printf '%-85s' "{{ '<|user|>' + content + eos_token + '<|assistant|>' }}"
        tail -c +25 "$1"
    } >"$2"
}
