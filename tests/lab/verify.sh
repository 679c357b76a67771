#!/usr/bin/env bash
# Every codec that is built keeps its promises, and each that breaks one is found by it, without hurting anybody else.
# usage: verify.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins
apps=$build/tests/app/plugins
died="died of signal 11"
[[ ${3-OFF} == ON ]] && died="ended its process with status 1"

# ---- every plugin that is built ----

run codecs --json
is "nothing is known to begin with" null "$(jq -c '[.codecs[].verified] | unique | .[]' <<<"$out")"
names=$(jq -r '.codecs[].name' <<<"$out" | sort)
run codecs
has "a mark says so" "? not verified" "$out"

# Sanitized, those that learn or sketch take minutes; their own tests run them.
asked=()
if [[ ${3-OFF} == ON ]]; then
    names=$(grep -vxE 'attnweight|besi|center|kakeya|kivi|kvarn|qjl|qprecond|riemann_besi|sink|tcq|tqprod|window' <<<"$names")
    mapfile -t asked <<<"$names"
fi
run verify "${asked[@]}" --json --timeout 300
is "every codec passes" 0 $status
jq -r '.[] | .codec as $c | .checks[] | select(.outcome == "fail") | "  \($c): \(.check): \(.measured) (expected: \(.expected))"' <<<"$out"
is "none is left out" "$names" "$(jq -r '.[].codec | sub("\\(.*"; "")' <<<"$out" | sort -u)"
is "every check says what it found" "" "$(jq -r '.[].checks[] | select(.measured == "" or .expected == "") | .check' <<<"$out")"
is "each of them runs all checks" 1 "$(jq -r '.[].checks | length' <<<"$out" | sort -u | wc -l)"
is "wrappers have four inner codecs" 4 "$(jq '[.[].codec | select(startswith("rotate("))] | length' <<<"$out")"
slowest=$(jq -r 'max_by(.seconds) | "\(.codec): \(.seconds) s"' <<<"$out")
echo "slowest: $slowest"

run codecs --json
is "all are known now" true "$(jq -c --arg names "$names" \
    '($names | split("\n")) as $n | [.codecs[] | select(.name as $c | $n | index($c)).verified] | unique | .[]' <<<"$out")"
if ((${#asked[@]} == 0)); then
    run codecs
    lacks "no mark is left" "not verified" "$out"
fi
run codecs turbo4
has "and since when" "verified    passed on $(date +%Y-)" "$out"
run verify "${asked[@]}" --cached
is "a second time from what is kept" 0 $status
has "in a line each" "turbo4: passed on" "$out"
lacks "without running" "pass  round trip" "$out"

# ---- expressions, files, words ----

run verify 'polar(bits=3,scale=mse)' "$build/plugins/block.so" --quick
is "an expression and a file" 0 $status
has "the expression" "polar(bits=3,scale=mse)" "$out"
has "the file's codecs" "q4_0: " "$out"
lacks "and no other" "turbo4" "$out"
has "--quick leaves out the sweeps" "not run: --quick" "$out"
run verify trubo4
is "a codec that is not there" 3 $status
has "its neighbour is named" 'turbo4' "$err"
run verify "$home/missing.so"
is "a file that is not there" 3 $status
has "is named" "missing.so" "$err"
run verify --timeout never
is "a wrong word" 2 $status

# ---- each that breaks a promise ----

fails() { # PLUGIN.so CHECK PART WORDS...
    run verify "$1" --json "${@:4}"
    is "$(basename "$1"): status" 1 $status
    is "$(basename "$1"): the answer is JSON" 1 "$(jq length <<<"$out")"
    has "$(basename "$1"): $2" "$3" \
        "$(jq -r --arg check "$2" '.[].checks[] | select(.check == $check and .outcome == "fail") | .measured' <<<"$out")"
}
fails "$bad/bad_crash.so" "round trip" "$died"
fails "$bad/bad_hang.so" "round trip" "has not returned after 1 s" --timeout 1
fails "$bad/bad_scribble.so" "round trip" "encode wrote past its buffer"
fails "$bad/bad_nan.so" "round trip" "comes back as nan"
fails "$bad/bad_lie.so" "split" "of payload"
fails "$bad/bad_create.so" "create" "refuses head dimension"
fails "$bad/bad_abi.so" "load" "this kvant speaks"
fails "$bad/bad_load.so" "load" "while it was loaded"
fails "$apps/leaky.so" "leaks" "pieces left"
fails "$apps/over_claim.so" "round trip" "into a buffer of"
fails "$apps/odd_code.so" "round trip" "-77"
fails "$apps/greedy.so" "round trip" "bound asks for"
fails "$apps/decode_past.so" "round trip" "decode wrote past its buffer"
[[ ${3-OFF} == ON ]] || fails "$apps/forgets_row.so" "round trip" "comes back as nan"

# The two bugs that peers have shipped, and one that reads where it must not.
fails "$bad/misfit_table.so" "distortion" "2.09 times as much"
fails "$bad/misfit_norm.so" "scale" ","
fails "$bad/misfit_norm.so" "distortion" "times as much"
[[ ${3-OFF} == ON ]] || fails "$bad/misfit_peek.so" "round trip" "$died"

# A failure stays known, by file, and none of this is the others' business.
run codecs --plugin "$bad/misfit_table.so"
has "the failed one is marked" "! misfit_table" "$out"
has "and what the mark means is said" "! has failed" "$out"
run codecs misfit_table --plugin "$bad/misfit_table.so"
has "why" "verified    failed on" "$out"
has "by name" "distortion: " "$out"
cp "$bad/misfit_table.so" "$home/other.so"
printf 'x' >>"$home/other.so"
run codecs misfit_table --plugin "$home/other.so"
has "another file is another codec" "not yet" "$out"
run verify "$bad/bad_crash.so" turbo4 "$bad/misfit_sound.so" "$bad/mislearn_sound.so" --quick
is "one that crashes among others" 1 $status
has "is one that failed" "4 codecs, 1 failed" "$out"
run run turbo4 "${evaluation[@]}" --passages 2
is "the lab works on" 0 $status

# What is kept is only a cache: it may go at any time.
rm -rf "$home/.cache/kvant"
run codecs turbo4
has "without it, nothing is known" "not yet" "$out"
finish
