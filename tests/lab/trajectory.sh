#!/usr/bin/env bash
# kvant trajectory: identity stays with the reference for ever; the score is what the items say.
# usage: trajectory.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash
# shellcheck source=tests/lab/ends.bash
source tests/lab/ends.bash
bad=$build/tests/plugins/bad_uniform2.so
default=models/kvant-books-8m-q8_0.gguf

trajectory() { # CONFIG WORDS..., of four prompts
    run trajectory "$1" --model "$small" --prompts 4 --prompt 24 --tokens 20 --threads "${threads-2}" --json "${@:2}"
}
scores() {
    "$kvant" sql --json "SELECT score, score_ref, passages, text FROM v_runs ORDER BY id DESC LIMIT 1" | jq -c '.[0]'
}

trajectory identity
is "identity is run" 0 "$status"
is "four continuations" '[1,2,3,4]' "$(jq -c '[.items[].x] ' <<<"$out")"
is "the same to the last token" '[[20,20,20,0,100]]' \
    "$(jq -c '[.items[] | [.score, .score_ref, .second, .kld, .agreement]] | unique' <<<"$out")"
is "in the same words" true "$(jq '[.items[] | .said == .said_ref and (.said | length > 0)] | all' <<<"$out")"
is "exactly 100" "100 100 4" "$(scores | jq -r '"\(.score) \(.score_ref) \(.passages)"')"
lacks "nothing to note" "note:" "$err"
is "a suite has no time per token" null "$(jq .ms_per_token <<<"$out")"
is "nor has its row" 1 "$("$kvant" sql --json "SELECT ms_per_token IS NULL AS none FROM runs" | jq '.[].none')"
shown=$("$kvant" show 1)
has "it is shown what it cost" "cost  " "$shown"
lacks "without that" "per token" "$shown"
lacks "nor anything that is no number" "nan" "$shown"

trajectory turbo3
is "a lossy config is run" 0 "$status"
lossy=$(jq -c .items <<<"$out")
is "the score is the mean of the parts in common" true "$(scores | jq --argjson items "$lossy" '
    (.score - 100 * ([$items[] | .score / ([.score_ref, .second] | max)] | add / 4)) | fabs < 1e-9')"
is "it parts somewhere" true "$(jq '[.[] | .score < .score_ref] | any' <<<"$lossy")"
is "and says something else then" true "$(jq '[.[] | (.score < .score_ref) == (.said != .said_ref)] | all' <<<"$lossy")"
is "where every forced token agrees nothing parts, and the other way round" true \
    "$(jq '[.[] | (.agreement == 100) == (.score == .score_ref and .second == .score_ref)] | all' <<<"$lossy")"
same=$(jq '[.[] | select(.score == .score_ref and .second == .score_ref)] | length' <<<"$lossy")
has "how many are the same is told" "$same of 4 continuations are the same" "$err"
median=$(jq -r '[.[] | select(.score < .score_ref or .score < .second) | .score + 1] | sort |
    (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2' <<<"$lossy")
has "and where the middle one parts" "part at token $median (median)" "$err"

threads=1 trajectory turbo3
is "threads change nothing" "$lossy" "$(jq -c .items <<<"$out")"
trajectory turbo3 --no-cache
is "what is kept changes nothing" "$lossy" "$(jq -c .items <<<"$out")"
trajectory turbo3 --text README.md
is "a file's beginnings" "0 4" "$status $(jq '.items | length' <<<"$out")"
is "are others" true "$([[ $(jq -c .items <<<"$out") != "$lossy" ]] && echo true)"
printf '%.0sone two three four five six seven eight nine ten. ' {1..2} >"$home/short.txt"
trajectory identity --text "$home/short.txt"
is "a short text has fewer" 0 "$status"
has "and that is said" "prompts, not 4" "$err"

run trajectory identity --model "$small" --ctx 64 --prompt 40 --tokens 25
is "what does not fit is refused" 2 "$status"
has "by its sizes" "prompts of 40 tokens and 25 more do not fit a context of 64" "$err"
run trajectory identity --model "$small" --ctx 64 --prompt 40 --tokens 24 --prompts 1
is "what just fits is not" 0 "$status"
for words in '--prompts 0' '--prompt 0' '--tokens 0' '--tokens x' '--text /nowhere'; do
    # shellcheck disable=SC2086
    trajectory identity $words
    is "$words is refused" true "$([[ $status -ge 2 && -n $err && -z $out ]] && echo true)"
done

# ---- who stops early gains nothing ----

# After this beginning turbo4 says 163 448 442 88, the exact cache 163 448 243 243 375 and so on.
echo 'They began to read the book, and then some more of it, so that there is enough.' >"$home/beginning.txt"
ends_with 88
run trajectory turbo4 --model "$home/ends.gguf" --text "$home/beginning.txt" --prompts 1 --prompt 15 --tokens 8 --json
is "two in common of three, where the reference says eight" '[2,8,3]' \
    "$(jq -c '.items[0] | [.score, .score_ref, .second]' <<<"$out")"
is "are a quarter" 25 "$(scores | jq .score)"
ends_with 243
run trajectory turbo4 --model "$home/ends.gguf" --text "$home/beginning.txt" --prompts 1 --prompt 15 --tokens 8 --json
is "and two of two, where the config goes on" '[2,2,8,25]' \
    "$(jq -c --argjson score "$(scores | jq .score)" '.items[0] | [.score, .score_ref, .second, $score]' <<<"$out")"
has "that is no continuation that is the same" "0 of 1 continuations are the same; the others part at token 3" "$err"
ends_with 163
run trajectory turbo4 --model "$home/ends.gguf" --text "$home/beginning.txt" --prompts 1 --prompt 15 --tokens 8 --json
is "two that say nothing are the same" '[0,0,0,100]' \
    "$(jq -c --argjson score "$(scores | jq .score)" '.items[0] | [.score, .score_ref, .second, $score]' <<<"$out")"

# ---- on the default model ----

judge() { # CONFIG
    run trajectory "$1" --model "$default" --prompts 6 --prompt 48 --tokens 24 --plugin "$bad" --json
    scores | jq .score
}
good=$(judge q8_0)
worse=$(judge bad_uniform2)
is "eight bits stay with the reference for most of the way" true "$(jq -n "$good > 80")"
is "two uniform bits leave it at once" true "$(jq -n "$worse < 30")"
judge turbo4 >"$home/turbo4"
is "near-ties are told from a shift" true \
    "$(jq -n --arg err "$(<"$home/err")" --argjson score "$(<"$home/turbo4")" '($score < 80) == ($err | contains("near-ties"))')"
judge bad_uniform2 >/dev/null
lacks "a shift is no near-tie" "near-ties" "$(<"$home/err")"
finish
