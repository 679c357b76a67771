#!/usr/bin/env bash
# Ten prompts, each with a checker; regressions count where the reference passes.   usage: prompts.sh KVANT BUILD_DIR [ON]
# shellcheck source=tests/lab/suite_lab.bash
source tests/lab/suite_lab.bash "$1" "$2"
marks() { items '"\(.score_ref) \(.score)"' | sort | uniq -c | tr -s ' ' | paste -sd'|'; }

if [[ ${3-} != ON ]]; then # a sanitized program takes ten times as long: what follows is enough for it
    run prompts q8_0 --json
    is "it runs" 0 $status
    is "without a text" prompts "$(jq -r .text <<<"$out")"
    is "ten prompts, numbered" "1 2 3 4 5 6 7 8 9 10" "$(items .x | paste -sd' ')"
    is "the default model continues all beginnings as it must" " 10 1 1" "$(marks)"
    is "and says so" " ship of Rose? Answer" "$(items 'select(.label == "long text") | .said_ref' | head -c 21)"
    first=$(jq -cS .items <<<"$out")
    run prompts q8_0 --json --threads 1 --no-cache
    is "the same again, on one thread" "$first" "$(jq -cS .items <<<"$out")"
    run prompts identity --list base --json
    is "the exact cache against itself" "0 0" "$(jq -r '"\(.kld[0]) \([.items[].kld] | max)"' <<<"$out")"
    is "the list by its name is the list" "$(jq -c '[.[].said_ref]' <<<"$first")" "$(jq -c '[.items[].said_ref]' <<<"$out")"

    run prompts bad_uniform2 "${bad[@]}" --json
    lost=$(items 'select(.score_ref == 1 and .score == 0) | .note')
    is "a bad codec has a regression" true "$([[ -n $lost ]] && echo true)"
    has "with its reason" "it must go on with" "$lost"
    is "and a large KLD" true "$(jq '.kld[0] > 0.02' <<<"$out")"
fi

# What a model cannot do is n/a, and what is left is said.
run prompts q8_0 --list chat --ctx 320 --json
is "the other list" "summary reasoning code" "$(items .label | head -3 | paste -sd' ')"
is "nothing passes, so nothing regresses" "null" "$(items 'select(.score_ref == 0) | .score' | sort -u)"
has "why is said" "reference: " "$(items .note)"
has "what is left is said" "what is left is the KLD of its answers" "$err"
is "what does not fit is not put" "does not fit the context" "$(items 'select(.score_ref == null) | .note' | sort -u)"
has "and it is said how many" "prompts do not fit a context of 320" "$err"
is "KLD is there all the same" true "$(jq '[.items[] | select(.n > 0) | .kld >= 0] | all and length > 3' <<<"$out")"
run prompts q8_0 --ctx 20
is "nothing fits" 2 $status
has "in a sentence" "none of the 10 prompts fits a context of 20" "$err"
run prompts q8_0 --list all
is "a list nobody knows" 2 $status

if [[ ${3-} != ON ]]; then
    with_template "$books" "$home/chat.gguf"
    run prompts q8_0 -m "$home/chat.gguf" --ctx 256 --json
    is "a model with a template gets the list for chat" 0 $status
    is "by itself" summary "$(items .label | head -1)"
fi
finish
