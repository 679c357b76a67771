#!/usr/bin/env bash
# Looking at runs side by side: diff, pins, the frontier in a pipe and in every kind of marks.   usage: compare.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
export KVANT_DB=$home/kvant.db COLUMNS=100

for config in identity turbo4 turbo3 "k=turbo4 v=turbo2 @0:k=f16"; do
    evaluate "$config"
    is "run $config" 0 "$status"
done
run run turbo4 "${evaluation[@]}" --passages 2
is "a run of another set" 0 "$status"

# ---- diff

run diff 2 3
is "diff: status" 0 "$status"
has "diff: both configs" "run 2   turbo4" "$out"
has "diff: what changed in the keys" "keys     turbo4 -> turbo3" "$out"
has "diff: an answer" "run 2 is better" "$out"
has "diff: ratio" "compression ratio" "$out"
lacks "diff: no escapes off a terminal" $'\033' "$out"
run diff 2 4
has "diff: an exception of one alone" "only 4   @0:k=f16" "$out"
run diff 2 2
has "diff: a run and itself" "cannot be told apart" "$out"
lacks "diff: nothing is better than itself" "is better" "$out"
run diff 2 3 --json
is "diff: JSON" "kld dppl top1 rms_dp" "$(jq -r '[.metrics[].metric] | join(" ")' <<<"$out")"
is "diff: the difference is that of the two" true \
    "$(jq '.metrics[0] | (.b - .a - .difference | fabs) < 1e-12 and .lo <= .difference and .difference <= .hi' <<<"$out")"
is "diff: JSON has the layers of both" true "$(jq '(.a.layers | length) > 0 and (.a.layers | length) == (.b.layers | length)' <<<"$out")"
is "diff: the better one" a "$(jq -r '.metrics[0].better' <<<"$out")"
run diff 3 2 --json
is "diff: the other way round" b "$(jq -r '.metrics[0].better' <<<"$out")"
run diff 2 5
is "diff: another set is bad input" 3 "$status"
has "diff: says what differs" "runs 2 and 5 cannot be compared: they differ in passages (4 and 2)" "$err"
is "diff: nothing on stdout" "" "$out"
run diff 2 77
is "diff: no such run" 3 "$status"
for nonsense in x 0 -1 2.5 1e3 99999999999999999999 ""; do
    run diff 2 -- "$nonsense"
    is "diff: \"$nonsense\" is no run" 2 "$status"
    has "diff: \"$nonsense\" is named" "\"$nonsense\" is no run's number" "$err"
done
run diff 2
is "diff: one run is not enough" 2 "$status"

# ---- pins

run pin 2 '#4'
is "pin: what it says" $'run 2 is pinned\nrun 4 is pinned' "$out"
run pin 2
is "pin: twice" "run 2 is already pinned" "$out"
run runs --pinned --json
is "runs --pinned" "4 2" "$(jq -r '[.[].id] | join(" ")' <<<"$out")"
run runs --pinned --where "config = 'turbo4' OR config = 'turbo3'" --json
is "runs --pinned --where: both hold" "2" "$(jq -r '[.[].id] | join(" ")' <<<"$out")"
run runs --pinned --where 'kd < 1'
is "runs --pinned: a mistake" 3 "$status"
has "runs --pinned: its column" "column 1: no such column: kd" "$err"
run unpin 2 --json
is "unpin: JSON" '[{"run":2,"pinned":false,"changed":true}]' "$(jq -c . <<<"$out")"
run pin 3 77
is "pin: no such run" 3 "$status"
has "pin: it is named" "no run 77" "$err"
run pin x 3
is "pin: nonsense" 2 "$status"
run runs --pinned --json
is "pins: nothing before a word that is no number" "4 3" "$(jq -r '[.[].id] | join(" ")' <<<"$out")"
run pin 1 --db "$home/none.db"
is "pin: no database" 3 "$status"
is "pin: none is made" no "$([[ -e $home/none.db ]] && echo yes || echo no)"

# ---- the frontier

run frontier --passages 4
is "frontier: status" 0 "$status"
has "frontier: braille in a UTF-8 locale" "⡇" "$out"
has "frontier: which way is better" "mean KLD, nats (less is better)" "$out"
lacks "frontier: no escapes in a pipe" $'\033' "$out"
run frontier --passages 4 --marks utf8
has "frontier: plain marks" "·" "$out"
lacks "frontier: without braille" "⡇" "$out"
for how in "--ascii" "--marks ascii"; do
    # shellcheck disable=SC2086
    run frontier --passages 4 $how
    is "frontier $how" "" "$(sed -n '3,24p' <<<"$out" | LC_ALL=C tr -d '\n -~')"
done
LC_ALL=C run frontier --passages 4 --marks braille
is "frontier: no locale, no braille" "" "$(LC_ALL=C tr -d '\n -~' <<<"$out")"
run frontier --passages 4 --color always
has "frontier: colour when asked for" $'\033[32m●' "$out"
for width in 24 40 100 300; do
    COLUMNS=$width run frontier --passages 4 --ascii
    is "frontier: $width columns" 0 "$status"
    is "frontier: keeps to $width columns" 0 "$(sed -n '3,24p' <<<"$out" | awk -v w=$((width > 120 ? 120 : width)) 'length > w' | wc -l)"
done
"$kvant" frontier --passages 4 | head -1 >/dev/null
is "frontier: a pipe that closes" "0 0" "${PIPESTATUS[*]}"
finish
