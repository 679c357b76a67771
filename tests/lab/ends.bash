# ends.bash - a model whose texts end, for the tests of suites: the small one never says its own end token.
#
#   ends_with TOKEN         writes $home/ends.gguf, which ends with this token; its words do not depend on it
# shellcheck shell=bash disable=SC2154
ends_with() {
    local at
    at=$(grep -obUa tokenizer.ggml.eos_token_id "$small" | cut -d: -f1)
    {
        head -c $((at + 31)) "$small"
        printf '%b' "\\x$(printf %x $(($1 % 256)))\\x$(printf %x $(($1 / 256)))\\0\\0"
        tail -c +$((at + 36)) "$small"
    } >"$home/ends.gguf"
}
