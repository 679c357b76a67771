#!/usr/bin/env bash
# The gate: what passes, what fails, what is not measured, what is taken from the database.   usage: gate.sh KVANT BUILD_DIR [ON]
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins

# The small model reads 4 passages; its suites are as short as they may be.
brief=(--model "$small" --ctx 64 --passages 4 --suite-ctx 512 --set needle.lengths=300 --set needle.depths=0.5
    --set session.turns=3 --set session.tokens=8 --set attention.passages=2)
gate() { run gate "${brief[@]}" "$@"; }
verdict() { jq -r --arg g "$1" '.gates[] | select(.gate == $g) | .verdict' <<<"$out"; } # GATE
note() { jq -r --arg g "$1" '.gates[] | select(.gate == $g) | .note' <<<"$out"; }
rows() { "$kvant" sql "SELECT count(*) AS n FROM v_runs" --mode json | jq '.[0].n'; }

# identity loses nothing: no gate fails, whatever the model can do.
gate identity --no-speed --json
is "identity gets through" 0 $status
is "nothing fails" "" "$(jq -r '.gates[] | select(.verdict == "FAIL") | .gate' <<<"$out")"
is "KLD is zero" 0 "$(jq '.gates[] | select(.gate == "kld") | .value' <<<"$out")"
is "attention is the same" PASS "$(verdict attention)"
is "bytes are those of the formula" 0 "$(jq '.gates[] | select(.gate == "bytes") | .value' <<<"$out")"
is "perplexity says little of this model" n/a "$(verdict ppl)"
has "and why" "KLD decides" "$(note ppl)"
is "what the reference cannot do is not judged" n/a "$(verdict needle)"
has "and why" "itself" "$(note needle)"
is "speed is left out" n/a "$(verdict prompt-speed)"
has "and says so" "--no-speed" "$(note prompt-speed)"
is "no budget, no ceiling" n/a "$(verdict ceiling)"
is "every gate is told" 13 "$(jq '.gates | length' <<<"$out")"
n=$(rows)
is "a plain run and four suites are stored" 5 "$n"
is "a gate names its run" 1 "$(jq '.gates[] | select(.gate == "kld") | .run' <<<"$out")"

# What the database has is not run again, unless it is asked for.
gate identity --no-speed --json
is "the same rows again" "0 $n" "$status $(rows)"
gate identity --only kld --fresh --json
is "one more row" $((n + 1)) "$(rows)"
is "it is that row" $((n + 1)) "$(jq '.gates[] | select(.gate == "kld") | .run' <<<"$out")"
gate identity --only kld --seed 2 --json
is "another seed is another run" $((n + 2)) "$(rows)"
gate identity --only attention --set attention.queries=16 --json
is "other options are another run" $((n + 3)) "$(rows)"
gate identity --only session --seed 2 --json
is "also where the text is the suite's own" $((n + 4)) "$(rows)"
"$kvant" run identity --model "$small" --ctx 64 --passages 3 >/dev/null 2>&1
gate identity --only kld --passages 3 --json
is "a run of someone else will do" $((n + 5)) "$(rows)"
seq 1 400 >"$home/text"
gate identity --only kld --text "$home/text" --json
gate identity --only kld --text "$home/text" --json
is "a text is known by what it holds" $((n + 6)) "$(rows)"
seq 400 -1 1 >"$home/text"
gate identity --only kld --text "$home/text" --json
is "another text of that name is another run" $((n + 7)) "$(rows)"

# Text for people: a line for each gate that was asked for, the number of its run, the sum.
gate identity --only kld,top1
is "two gates and the sum" 3 "$(grep -c . <<<"$out")"
has "a line" "PASS  mean KLD" "$out"
has "its run" "run " "$out"
has "the sum" "PASS  2 passed: identity" "$out"
gate identity --only kld,top1 --skip top1
has "what is skipped says so" "left out by --skip" "$out"

# A bad codec fails, and says by how much; thresholds decide.
gate bad_uniform2 --plugin "$bad/bad_uniform2.so" --only kld,top1,attention,session,bytes --json
is "a bad codec" "1 FAIL" "$status $(jq -r .verdict <<<"$out")"
is "its gates" "FAIL FAIL FAIL FAIL PASS" "$(for g in kld top1 attention session bytes; do verdict $g; done | xargs)"
gate bad_uniform2 --plugin "$bad/bad_uniform2.so" --only kld,top1 --kld-fail 100 --top1 0 --json
is "with other thresholds it is a warning" "0 WARN" "$status $(jq -r .verdict <<<"$out")"
printf '# ours\nkld-fail = 100\ntop1 = 0\n' >"$home/ours"
gate bad_uniform2 --plugin "$bad/bad_uniform2.so" --only kld,top1 --thresholds "$home/ours" --json
is "thresholds from a file" "0 WARN 100" "$status $(jq -r '"\(.verdict) \(.thresholds["kld-fail"])"' <<<"$out")"
gate bad_uniform2 --plugin "$bad/bad_uniform2.so" --only kld,top1 --thresholds "$home/ours" --top1 95 --json
is "the line wins over the file" "1 FAIL" "$status $(verdict top1)"
gate identity --only kld --kld-good 0 --kld-warn 0 --kld-fail 0
is "a threshold of zero can be met" 0 $status

# A context that fits, and one that does not.
gate q8_0 --only ceiling --budget 4M --need-ctx 1k --json
is "it fits" "0 PASS" "$status $(verdict ceiling)"
most=$(jq '.gates[] | select(.gate == "ceiling") | .value' <<<"$out")
gate q8_0 --only ceiling --budget 4M --need-ctx "$most" --json
is "just" 0 $status
gate q8_0 --only ceiling --budget 4M --need-ctx $((most + 1)) --json
is "and not one token more" "1 FAIL" "$status $(verdict ceiling)"
gate q8_0 --only ceiling --budget 4M --json
is "without --need-ctx it is what the model was trained for" 2048 "$(jq '.thresholds["need-ctx"]' <<<"$out")"

# Speed is measured by a child; set-up without the long part of it.
gate q8_0 --only prompt-speed,generation-speed,first-token,setup --set speed.prompt=64 --set speed.generate=8 --set speed.reps=5 \
    --prompt-speed 0 --generation-speed 0 --first-token 1000000 --json
is "speed" "PASS PASS PASS PASS" "$(for g in prompt-speed generation-speed first-token setup; do verdict $g; done | xargs)"
has "in figures" "tokens/s of f16" "$(note prompt-speed)"
gate q8_0 --only setup --json
is "set-up alone" "0 PASS" "$status $(verdict setup)"

# A codec that dies or hangs fails its gates; what it would be killed for is not measured.
gate bad_nan --plugin "$bad/bad_nan.so" --no-speed --json
is "a codec that fails" "1 FAIL" "$status $(verdict kld)"
has "why" "bad_nan" "$(note kld)"
is "the rest is not measured" n/a "$(verdict needle)"
has "and says so" "--all" "$(note needle)"
gate bad_crash --plugin "$bad/bad_crash.so" --only session --json
is "a suite of it fails, too" "1 FAIL" "$status $(verdict session)"
gate bad_crash --plugin "$bad/bad_crash.so" --only prompt-speed --json
is "nothing could be measured: no pass" 3 $status
has "says so" "nothing could be measured" "$err"
run gate q8_0 --model "$small" --suite-ctx 512 --only needle --set needle.lengths=16 --json
is "a suite that does not fit the model is not measured" "3 n/a" "$status $(verdict needle)"

# A model that knows its language: perplexity counts, and kills. (Sanitized it takes minutes.)
if [[ ${3-} != ON ]]; then
    run gate bad_uniform2 --plugin "$bad/bad_uniform2.so" --ctx 128 --passages 4 --no-speed --json
    is "perplexity kills" "1 FAIL" "$status $(verdict ppl)"
    has "says so" "killed" "$(note ppl)"
    is "nothing more is run" n/a "$(verdict session)"
    retrieval=(--ctx 128 --passages 4 --suite-ctx 256 --set needle.lengths=256 --set "needle.kinds=single,marked" --json)
    run gate bad_uniform2 --plugin "$bad/bad_uniform2.so" --only needle "${retrieval[@]}"
    is "a bad codec loses needles" "1 FAIL" "$status $(verdict needle)"
    lost=$(jq '.gates[] | select(.gate == "needle") | .value' <<<"$out")
    id=$(jq '.gates[] | select(.gate == "needle") | .run' <<<"$out")
    is "needle by needle, of those that the exact cache finds" "$lost" "$("$kvant" show "$id" --json |
        jq '[.items[] | select(.score_ref > 0) | 2 * .score_ref * (1 - .score)] | add | round')"
    run gate q8_0 --only ppl,kld,top1,bytes,attention,needle --set attention.passages=2 "${retrieval[@]}"
    is "a good one passes" "0 PASS 6" "$status $(jq -r '"\(.verdict) \([.gates[] | select(.verdict == "PASS")] | length)"' <<<"$out")"
fi

# What is wrong with a line is said before anything is run.
wrong() { # STATUS PART WORDS...
    run gate "${@:3}" --model "$small"
    is "status of ${*:3}" "$1" $status
    has "${*:3}" "$2" "$err"
    is "nothing on stdout for ${*:3}" "" "$out"
}
wrong 2 "no gate \"klt\"; did you mean \"kld\"?" q8_0 --only klt
wrong 2 "no gate" q8_0 --skip ,
wrong 2 "no gate is left" q8_0 --only kld --skip kld
wrong 2 "COMMAND.OPTION=VALUE" q8_0 --set turns=3
wrong 2 "COMMAND.OPTION=VALUE" q8_0 --set run.ctx=3
wrong 2 "need-ctx means nothing without a budget" q8_0 --need-ctx 1k
wrong 2 "must not be above" q8_0 --kld-good 1
wrong 3 "zero byte" q8_0 --thresholds "$small"
printf "top = 3\n" >"$home/wrong"
wrong 3 "line 1: no threshold \"top\"; did you mean \"top1\"?" q8_0 --thresholds "$home/wrong"
wrong 3 "No such file" q8_0 --thresholds /nowhere
wrong 3 "no codec" q9_0
run gate q8_0 "${brief[@]}" --only session --set session.trns=3
is "an option that a suite does not have" 2 $status
has "is told with the nearest" "turns" "$err"

# Stopped by a person: status 75.
"$kvant" gate turbo3 --fresh >"$home/said" 2>"$home/told" &
pid=$!
for ((i = 0; i < 1200; i++)); do
    [[ -s $home/told ]] && break # it tells how far it is
    sleep 0.05
done
child=$(pgrep -P $pid)
kill -TERM $pid
wait $pid
is "stopped" 75 $?
is "one word about it" "kvant: interrupted" "$(tail -1 "$home/told")"
is "a process was at work" true "$([[ -n $child ]] && echo true)"
is "none is left" "" "$(ps -o pid= -p "${child:-0}")"

finish
