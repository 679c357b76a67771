#!/usr/bin/env bash
# kvant growth: that it measures what it says, the same results each time. How fast anything is, it does not ask.
#   usage: growth.sh KVANT BUILD_DIR SANITIZED
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
export TMPDIR=$home/tmp
mkdir "$TMPDIR"
quick=(--reps 6 --json)
sanitized=${3:-OFF} # slow: what is asked twice is asked once

of() { # JQ, of the last answer
    jq -r "$1" <<<"$out"
}
holds() { # WHAT JQ
    is "$1" true "$(of "$2")"
}
whole() { # all figures of the last answer are there and fit each other
    holds "$1: times lie in their intervals" '[.series[].points[] | .seconds | .lo > 0 and .lo <= .value and .value <= .hi] | all'
    holds "$1: time for each" '[.series[].points[] | (.seconds.value / .n / .seconds_each - 1) | fabs < 1e-9] | all'
    holds "$1: sizes ascend, costs too" '[.series[].points | [.[].n] as $n | [.[].cost] as $c | $n == ($n | unique) and $c == ($c | sort)] | all'
    holds "$1: how many are worse" '.worse == ([.series[] | select(.worse)] | length)'
}

run growth rows turbo3 'rotate(q8_0)' --to 512 "${quick[@]}"
is "rows" 0 "$status"
is "of each codec both ways, and a copy" \
    "turbo3, encode;turbo3, decode;rotate(q8_0), encode;rotate(q8_0), decode;a copy of the rows" \
    "$(of '[.series[].time_of] | join(";")')"
is "doubling" "64 128 256 512" "$(of '[.series[0].points[].n] | join(" ")')"
# AMX is for the engine's products alone: codecs stop at AVX-512.
in_use=$(of .simd)
is "codecs' times are of the codecs' level" "${in_use/amx/avx512}" "$(of '[.series[].simd] | unique | join(" ")')"
whole rows
holds "linear is what it should be" '[.series[].expected - 1 | fabs < 1e-9] | all'
holds "every size has its own bytes" '[.series[0:4][].points[].result] | length == (unique | length) and all(length == 64)'
results=$(of '[.series[].points[].result] | join(" ")')
portable() { # WORDS...: the same results as the last
    [[ $sanitized == OFF ]] || return
    KVANT_SIMD=portable run growth "$@" "${quick[@]}"
    is "the same from $1, portable" "$results" "$(of '[.series[].points[].result] | join(" ")')"
}
portable rows turbo3 'rotate(q8_0)' --to 512
run growth rows turbo3 'rotate(q8_0)' --to 128 "${quick[@]}" --seed 2
is "other rows, other bytes" 0 "$(comm -12 <(tr ' ' '\n' <<<"$results" | grep . | sort) \
    <(of '.series[].points[].result' | grep . | sort) | wc -l)"
run bench turbo3 --rows 512 --reps 5 --json
is "the bytes that bench has" "$(of '.codecs[0].bytes_hash')" "$(cut -d' ' -f4 <<<"$results")"

run growth dim polar q8_0 --to 512 "${quick[@]}"
is "dim" 0 "$status"
is "head dimensions that both take" "32 64 128 256 512" "$(of '[.series[2].points[].n] | join(" ")')"
holds "a transform costs n log n, blocks n" '.series[0].theory == "n log n" and .series[0].expected > 1.1 and .series[2].theory == "n"'
whole dim

run growth bits polar "${quick[@]}"
is "bits" "1 2 3 4 5 6 7 8" "$(of '[.series[0].points[].n] | join(" ")')"
whole bits
run growth bits 'polar(scale=mse)' --to 3 "${quick[@]}"
is "bits beside other parameters" "1 2 3" "$(of '[.series[0].points[].n] | join(" ")')"

run growth context --model "$small" --to 256 "${quick[@]}"
is "context" 0 "$status"
is "a prompt and a token" "reading a prompt;one token behind it" "$(of '[.series[].time_of] | join(";")')"
is "sizes" "128 256" "$(of '[.series[1].points[].n] | join(" ")')"
is "the engine's are of the products'" "$in_use" "$(of '[.series[].simd] | unique | join(" ")')"
whole context
holds "a prompt costs more than its length, less than its square" '.series[0].expected | . > 1 and . < 2'
holds "a token less than its depth" '.series[1].expected | . > 0 and . < 1'
results=$(of '[.series[].points[].result] | join(" ")')
portable context --model "$small" --to 256

run growth vocabulary --to 4k "${quick[@]}"
is "those of logits, too" "$in_use" "$(of '[.series[].simd] | unique | join(" ")')"
is "vocabulary" "2048 4096" "$(of '[.series[0].points[].n] | join(" ")')"
whole vocabulary
results=$(of '[.series[].points[].result] | join(" ")')
is "logits and statistics" 4 "$(tr ' ' '\n' <<<"$results" | sort -u | wc -l)"
portable vocabulary --to 4k

run growth runs --to 200 "${quick[@]}"
is "runs" 0 "$status"
is "sizes" "100 200" "$(of '[.series[0].points[].n] | join(" ")')"
holds "a database has no such level" '[.series[] | has("simd")] | any | not'
holds "what the database and the board do" '[.series[].time_of] | index("a run is added") != null and index("the frontier") != null and index("the board opens") != null'
whole runs
results=$(of '[.series[].points[].result] | join(" ")')
if [[ $sanitized == OFF ]]; then
    run growth runs --to 200 "${quick[@]}"
    is "the same answers each time" "$results" "$(of '[.series[].points[].result] | join(" ")')"
fi
is "no database is left" "" "$(ls -A "$TMPDIR")"

# As a person sees it, and as a picture.
run growth rows q8_0 --to 256 --reps 6 --ascii --svg "$home/rows.svg"
is "a picture" 0 "$status"
has "a letter for each" "a q8_0, encode  b q8_0, decode" "$out"
has "the level that codecs use" "a codec's time by rows, ${in_use/amx/avx512}"$'\n' "$out"
has "a table of times" "| q8_0, encode" "$out"
has "a table of exponents" "at most" "$out"
has "a verdict" " of 2 grow" "$out"
is "ASCII is ASCII" "" "$(LC_ALL=C tr -d '\0-\177' <<<"$out")"
lacks "no colour on a pipe" $'\033' "$out"
svg=$(<"$home/rows.svg")
has "SVG" "<svg xmlns" "$svg"
is "a mark for each size" 9 "$(grep -o '<circle' <<<"$svg" | wc -l)"
is "the most it should grow" 3 "$(grep -o 'class="should"' <<<"$svg" | wc -l)"
has "dark and light" "prefers-color-scheme:dark" "$svg"
if command -v xmllint >/dev/null; then
    is "XML" 0 "$(xmllint --noout "$home/rows.svg" >&2; echo $?)"
fi
run growth rows q8_0 --to 64 --reps 6 --svg "$home/rows.svg"
is "what is there stays" 3 "$status"
is "as it was" "$svg" "$(<"$home/rows.svg")"
run growth rows q8_0 --to 64 --reps 6 --svg "$home/rows.svg" --force --no-plot
is "unless it may be replaced" 0 "$status"
is "and it was" 3 "$(grep -o '<circle' "$home/rows.svg" | wc -l)"
has "one size says nothing of growth" "Nothing is judged: there are too few sizes." "$out"
lacks "nor has it an exponent" "nan" "$out"
lacks "no picture in characters" "a q8_0, encode  b" "$out"

# What is wrong.
run growth weather
is "no such question" 2 "$status"
offered=$("$kvant" names --line "growth ")
is "what is offered is what there is" "${offered//$'\n'/, }" "$(sed 's/.*measured by; \(.*\) are.*/\1/' <<<"$err")"
run growth vocabularly
has "the nearest" 'did you mean "vocabulary"?' "$err"
run growth context turbo3
is "a codec that is not asked about" 2 "$status"
run growth rows nonsense
has "no such codec" 'no codec "nonsense"' "$err"
run growth bits turbo3 "${quick[@]}"
has "a codec without bits" "turbo3 has no parameter bits" "$err"
run growth rows q8_0 --reps 5
is "too few for an interval" 2 "$status"
run growth vocabulary --to 2M "${quick[@]}"
is "more than there is memory for" 2 "$status"
has "how far it goes" "vocabulary goes up to 1048576" "$err"
run growth rows q8_0 --to 32 "${quick[@]}"
is "no size" 2 "$status"
run growth vocabulary --to 100 "${quick[@]}"
is "no size of a vocabulary" 2 "$status"
run growth runs --to 99 "${quick[@]}"
is "no number of runs" 2 "$status"
for place in "$home/nowhere/x.svg" "$home"; do
    run growth rows q8_0 --to 64 --svg "$place"
    is "no place for the picture" 3 "$status"
    lacks "is found before anything is measured" "sizes" "$err"
done
run growth context --model "$home/rows.svg" "${quick[@]}"
is "no model" 3 "$status"
TMPDIR=$home/none run growth runs --to 100 "${quick[@]}"
is "no place for a database" 3 "$status"
has "where" "$home/none" "$err"
run growth rows bad_crash --plugin "$build/tests/plugins/bad_crash.so" "${quick[@]}"
is "a crash" 3 "$status"
finish
