#!/usr/bin/env bash
# Calibrations: made once, found by runs, kept apart from what is scored.   usage: calibrate.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"

shifts=(--plugin "$build/tests/app/plugins/shifts.so")
calibrate=(calibrate --model "$small" --ctx 64 --rows 128)

evaluate shifts "${shifts[@]}"
is "without one a run ends" 3 $status
has "and says how to make it" 'the model has no calibration; `kvant calibrate` makes one' "$err"
is "before it samples a text" 0 "$(grep -c sampling <<<"$err")"
evaluate shifts "${shifts[@]}" --calibration wiki
has "by its name" 'no calibration named wiki; `kvant calibrate --name wiki` makes one' "$err"
evaluate shifts "${shifts[@]}" --calibration a/b
has "or by its path" "calibration a/b: there is no such file" "$err"
evaluate shifts "${shifts[@]}" --calibration 'a b'
is "a bad name is bad usage" 2 $status
is "no run was stored" "" "$(run runs --json; jq -r '.[]?.id' <<<"$out")"

run "${calibrate[@]}" --passages 4 --json
is "it is made" 0 $status
file=$(jq -r .file <<<"$out") hash=$(jq -r .hash <<<"$out")
is "as a file" "$hash" "$(sha256sum "$file" | cut -d' ' -f1)"
is "of so many tokens and rows" "256 128 self" "$(jq -r '[.tokens, .rows, .text] | join(" ")' <<<"$out")"
run "${calibrate[@]}" --passages 4 --force --threads 1 --no-cache --json
is "the same again on one thread" "$hash" "$(jq -r .hash <<<"$out")"
run "${calibrate[@]}" --passages 4
is "what is there is not replaced by mistake" 2 $status
run "${calibrate[@]}" --passages 4 --once
is "nor with --once, which is content with it" "0 $hash" "$status $(sha256sum "$file" | cut -d' ' -f1)"
run "${calibrate[@]}" --passages 4
has "but with --force or under a name" "--force replaces it" "$err"

for protocol in stream snapshot; do
    evaluate shifts "${shifts[@]}" --protocol $protocol
    is "a run finds it ($protocol)" "0 $hash self" "$status $(jq -r '.calibration_hash + " " + .calibration_text' <<<"$out")"
    first=$(metrics "$out")
    threads=1 evaluate shifts "${shifts[@]}" --protocol $protocol --no-cache
    is "the same on one thread ($protocol)" "$first" "$(metrics "$out")"
    evaluate shifts "${shifts[@]}" --protocol $protocol --calibration "$file"
    is "and by path ($protocol)" "$first" "$(metrics "$out")"
    evaluate "shifts rope=post" "${shifts[@]}" --protocol $protocol
    is "keys after RoPE have other samples ($protocol)" "0 true" "$status $([[ $(jq -c .kld <<<"$out") != "$(jq -c .kld <<<"$first")" ]] && echo true)"
done
evaluate turbo4
is "who asks for none names none" "" "$(jq -r .calibration_hash <<<"$out")"

# A run is known by its calibration, too.
swept=(sweep --model "$small" --ctx 64 --passages 4 shifts turbo4 "${shifts[@]}")
run "${swept[@]}"
has "a sweep finds what was run" "1 run, 2 already there, 0 failed" "$err"
run "${calibrate[@]}" --seed 5 --force
run "${swept[@]}"
has "with another calibration it runs again" "2 run, 1 already there, 0 failed" "$err"

# What was calibrated on must not be scored.
seq 1 3000 >"$home/text"
run "${calibrate[@]}" --text "$home/text" --name end
is "a text is read from its end" 0 $status
evaluate shifts "${shifts[@]}" --text "$home/text" --calibration end
is "runs read from the beginning" 0 $status
run "${calibrate[@]}" --text "$home/text" --name all --passages 10000
has "too many passages are refused" "but 10000 are asked for" "$err"
head -c 1200 "$home/text" >"$home/short"
run calibrate --model "$small" --ctx 64 --text "$home/short" --name all
evaluate shifts "${shifts[@]}" --text "$home/short" --calibration all
is "the same text is refused" 3 $status
has "in a sentence" "of the text is in the calibration (made on short," "$err"
run attention shifts "${shifts[@]}" --model "$small" --ctx 64 --passages 4 --text "$home/short" --calibration all
is "by a suite, too" 3 $status
has "which reads it" "of the text is in the calibration (made on short," "$err"

# Another model's, and what is no calibration.
evaluate shifts "${shifts[@]}" --calibration "$small.safetensors"
has "a file that is not there" "there is no such file" "$err"
cp README.md "$home/x.safetensors"
evaluate shifts "${shifts[@]}" --calibration "$home/x.safetensors"
is "a file that is none" 3 $status
run run shifts "${shifts[@]}" --model tests/data/arch/qwen2.gguf --ctx 64 --passages 1 --calibration "$file"
has "another model's" "it was made with another model" "$err"
finish
