#!/usr/bin/env bash
# Runs of suites in the pane of details, as files: golden/suite_NAME.txt, and what a person does there.
# usage: suites.sh KVANT SUITE_FILL; REGOLD=1 writes the files anew
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1

choose() { # RUN TEXT: in the pane of details, as high as the screen
    give "select $1"
    until_shows "$2"
}
begin() { # WxH ...
    start "$@"
    until_shows "turbo2"
    until_quiet
    keys 3
}

begin 80x24
choose 10 "found 30 of the 42"
dump suite_80x24 --looks
keys z
until_shows "█ 2/2"
dump suite_80x24_needle --looks
choose 8 "degraded at turn 14"
dump suite_80x24_session --looks
choose 6 "2 regressions"
dump suite_80x24_prompts --looks
choose 4 "4 continuations"
dump suite_80x24_trajectory --looks
choose 2 "mean cosine of weights"
dump suite_80x24_attention --looks
keys G
until_shows "layer K error"
lacks "the end of the details is there" "mean cosine" "$(screen)"

begin 120x40
choose 8 "degraded at turn 14"
keys z
until_shows "^ degraded"
dump suite_120x40_session
choose 10 "found 30 of the 42"
dump suite_120x40_needle

begin 80x24 LC_ALL=C NO_COLOR=1
choose 10 "found 30 of the 42"
keys z
until_shows "x 0/2"
dump suite_80x24_ascii --looks
begin 40x10
choose 10 "found 30 of"
keys z
until_shows "depth"
dump suite_40x10

# What a database may hold: nothing of it reaches the terminal, at any size.
rm "$KVANT_DB"
"$fill" "$KVANT_DB" hostile || exit 1
begin 80x24
keys z
for run in 1 2 3 4 5; do
    give "select $run"
    for shape in 150x50 40x10; do
        size "$shape"
        until_quiet
        lacks "nothing is red that is not meant to be ($run, $shape)" $'\e[31mred' "$(tm capture-pane -pe)"
    done
    size 80x24
done
until_shows "details"
finish
