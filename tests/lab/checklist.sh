#!/usr/bin/env bash
# The checklist from outside: published tables, a codec that is broken on purpose, one that claims nothing, what is
# refused, and codecs that die.
# usage: checklist.sh KVANT BUILD_DIR SANITIZED
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins

outcomes() { # of the items, in order
    jq -r '[.items[].outcome] | join(" ")' <<<"$out"
}
measured() { # ITEM
    jq -r --argjson i "$1" '.items[$i - 1].measured' <<<"$out"
}

# ---- the formats of TurboQuant ----

run checklist turbo4
is "turbo4 fails" 1 $status
has "an item a line" "pass  1 rotation " "$out"
has "by how much" "2.1338 times Lloyd-Max's 0.009501" "$out"
has "how it is called" "non-uniform but not Lloyd-Max" "$out"
has "and the sum" "5 passed, 1 failed, 0 not applicable" "$out"
is "nothing on stderr" "" "$err"
run checklist turbo3 --json
is "turbo3 passes" 0 $status
is "every item of it" "pass pass pass pass pass pass" "$(outcomes)"
has "1.0006" "1.0006 times" "$(measured 3)"
has "one rotation in two processes" "the same in 8 streams, and in 2 processes" "$(measured 1)"
is "at 128 columns" 128 "$(jq .dim <<<"$out")"
run checklist 'polar(bits=3)' --dim 64
is "an expression, another dimension" 0 $status
has "is said in the head" "polar(bits=3), rows of 64" "$out"

# ---- others ----

run checklist bad_uniform2 --plugin "$bad/bad_uniform2.so" --json
is "2-bit uniform fails" 1 $status
is "where it claims" "fail fail fail fail pass pass" "$(outcomes)"
has "its levels are even" "uniform: 4 levels" "$(measured 3)"
run checklist q8_0 --json
is "q8_0 passes" 0 $status
is "what it does not claim is n/a" "n/a n/a n/a n/a n/a pass" "$(outcomes)"
run checklist mislist_process --plugin "$bad/mislist_process.so" --json
is "a rotation of its own in every process" "fail pass pass pass pass pass" "$(outcomes)"
has "is found" "another in another process" "$(measured 1)"

# ---- refused ----

refused() { # WHAT STATUS PART WORDS...
    run checklist "${@:4}"
    is "$1: status" "$2" $status
    has "$1: the reason" "$3" "$err"
    is "$1: nothing on stdout" "" "$out"
    is "$1: one line" 1 "$(grep -c '^kvant: ' "$home/err")"
}
refused "nothing to measure" 2 "nothing of the checklist can be measured" kivi
refused "the same as JSON" 2 "nothing of the checklist can be measured" kivi --json
refused "padded rows" 2 "padded to 128" turbo3 --dim 64
refused "no such codec" 3 '"turbo3"' trubo3
refused "a dimension it does not take" 3 "head dimension 33" polar --dim 33
refused "a dimension out of range" 2 "--dim" polar --dim 1000000
refused "no codec" 2 "CODEC is missing"
refused "two codecs" 2 "one argument too many" turbo3 turbo4
refused "a crash" 3 "bad_crash: the codec" bad_crash --plugin "$bad/bad_crash.so"
refused "a hang" 3 "has not returned after 1 s" bad_hang --plugin "$bad/bad_hang.so" --timeout 1
run checklist bad_nan --plugin "$bad/bad_nan.so" --json
is "NaN fails the item it comes in" "n/a n/a n/a n/a n/a fail" "$(outcomes)"
has "and is said" "comes back as nan" "$(measured 6)"
finish
