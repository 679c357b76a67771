#!/usr/bin/env bash
# Needles: found through a good cache, lost through a bad one, n/a where the model itself fails.
# usage: needle.sh KVANT BUILD_DIR [ON: sanitized]
# shellcheck source=tests/lab/suite_lab.bash
source tests/lab/suite_lab.bash "$1" "$2"
text=(--text "$home/log")
winds=(north east south west) seas=(calm grey rough) sights=("Two boats passed" "No sail was seen" "The mail came late" "Fog hid the shore" "Gulls sat on the rail")
for ((i = 0; i < 300; i++)); do
    echo "The wind was in the ${winds[i % 4]}, and the sea was ${seas[i % 3]}. ${sights[i % 5]}, and the captain wrote it down on page $((i * 7)) of his book."
done >"$home/log"
few=("${text[@]}" --lengths 256,384 --depths 0,0.5,1 --kinds single,marked --trials 1)
score() { jq -c '[.items[] | select(.label != "single" and .score_ref > 0) | .score] | add / length' <<<"$out"; }

if [[ ${3-} == ON ]]; then # a sanitized program takes ten times as long: one cell of each kind
    run needle q8_0 "${text[@]}" --lengths 256 --depths 0.5 --trials 1 --json
    is "it runs" 0 $status
    is "every kind has a cell" 4 "$(items 1 | wc -l)"
else
    run needle q8_0 "${few[@]}" --json
    is "it runs" 0 $status
    is "the text says which suite" "needle: log" "$(jq -r .text <<<"$out")"
    is "every kind, length and depth has a cell" 12 "$(items 1 | wc -l)"
    is "in this order" "single 256 0 | marked 256 0 | single 256 0.5" "$(items '"\(.label) \(.x) \(.y)"' | head -3 | paste -sd'|' | sed 's/|/ | /g')"
    is "the default model finds half of what is marked" true "$(jq '[.items[] | select(.label == "marked") | .score_ref] | add >= 3' <<<"$out")"
    is "an 8-bit cache finds all of that" 1 "$(score)"
    is "its KLD is next to nothing" true "$(jq '.kld[0] < 1e-4' <<<"$out")"
    first=$(jq -cS .items <<<"$out")

    run needle q8_0 "${few[@]}" --json --threads 1 --no-cache
    is "the same again, on one thread" "$first" "$(jq -cS .items <<<"$out")"

    run needle identity q8_0 "${few[@]}" --json
    has "what was run is not run again" "1 run, 1 already there, 0 failed" "$err"
    is "the exact cache against itself" "0" "$(jq -r '.[] | select(.config == "identity") | "\(.kld[0])"' <<<"$out")"

    # What is bad must be seen to be.
    run needle bad_uniform2 "${bad[@]}" "${text[@]}" --kinds marked --lengths 256 --json
    is "a bad codec runs, too" 0 $status
    lost=$(items 'select(.score_ref > 0 and .score < 1) | 1' | wc -l)
    is "and loses keys" true "$([[ $lost -ge 1 ]] && echo true)"
    is "it is said which" "$lost" "$(items 'select(.score_ref > 0 and .score < 1) | .note' | grep -c 'the key is "')"
    is "and shown" "" "$(items 'select(.score_ref > 0 and .score < 1) | (.note | capture("is \"(?<k>.*)\"").k) as $k | [.said_ref, .said][] | startswith(" " + $k)' | paste -sd' ' | sed 's/true false *//g')"

    # Where the model fails, nothing is said about the cache.
    run needle q8_0 "${text[@]}" --lengths 512 --depths 0.5 --kinds several,chain --trials 1 --json
    is "what the reference does not find is n/a" "0 null|0 null" "$(items '"\(.score_ref) \(.score)"' | paste -sd'|')"
    has "and it is said" "several: the reference itself finds only 0 of 1" "$err"
    has "of all" "this says little" "$err"

    # Several haystacks for a cell.
    run needle q8_0 "${text[@]}" --lengths 256 --depths 0.5 --kinds marked --trials 3 --json
    is "trials make one cell" 1 "$(items 1 | wc -l)"
    is "with its share" true "$(items '.score_ref > 0 and .score == 1 and .n > 10')"
    first=$(jq -cS .items <<<"$out")
    run needle q8_0 "${text[@]}" --lengths 256 --depths 0.5 --kinds marked --trials 3 --seed 2 --json
    is "another seed asks for something else" true "$([[ $status == 0 && $(jq -cS .items <<<"$out") != "$first" ]] && echo true)"
fi

# A haystack's length is exact, so a length that has no room is refused and one that has is not.
run needle q8_0 "${text[@]}" --lengths 100
is "too short a haystack" 2 $status
has "says what it would take" "a length of 100 holds no needles: they and the question take" "$err"
run needle q8_0 --lengths 2000
has "too long a one" "--lengths: 2000 is no length from 1 to the 1024 positions of the context" "$err"
run needle q8_0 --lengths 256,x
has "no number" '--lengths: "x" is no number' "$err"
run needle q8_0 --depths 1.5
has "a depth beyond the end" '--depths: "1.5" is no number from 0 to 1' "$err"
run needle q8_0 --kinds two
has "a kind nobody knows" '--kinds: "two" is none of single, several, marked and chain' "$err"
run needle q8_0 --kinds ,
is "no kind at all" 2 $status
run needle q8_0 --ctx 120 "${text[@]}"
has "a context without room" "holds no needles" "$err"

# Through a chat template the answer is put into the model's mouth.
with_template "$books" "$home/chat.gguf"
run needle q8_0 -m "$home/chat.gguf" "${text[@]}" --lengths 512 --depths 0.5 --kinds single,marked --json
is "a model with a template is asked in its form" 0 $status
is "with an answer" 2 "$(items 'select(.said_ref != "") | 1' | wc -l)"
finish
