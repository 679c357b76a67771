#!/usr/bin/env bash
# Text through the exact cache and through configs: the same text however it is made, where two part, what goes wrong.
# usage: generate.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins
say() { run generate --prompt "Once upon a time" --tokens 24 "$@"; }

# The text goes to stdout and nothing else does; what is said about it goes to stderr.
say
is "a text is made" 0 $status
exact=$out
has "it is a text" ", and " "$exact"
has "figures" "24 tokens" "$err"
has "bytes of the exact cache: 8 layers of 2 heads of 128, twice, f32, for 5 tokens of prompt and BOS and 23 said" \
    "ratio 0.50x" "$err"
say --threads 1
is "it does not depend on threads" "$exact" "$out"
say --config identity
is "identity says what the exact cache says" "$exact" "$out"
printf 'Once upon a time' >"$home/prompt"
run generate --tokens 24 --prompt - <"$home/prompt"
is "a prompt from standard input" "$exact" "$out"

# Bytes are those of a run: turbo3 at 50 bytes for 128 values.
say --config turbo3 --json
is "JSON" 0 $status
is "a ratio as of a run" 5.12 "$(jq '.answers[0].ratio * 100 | round / 100' <<<"$out")"
is "so many tokens" "24 24" "$(jq -r '.answers[0] | "\(.tokens) \(.ids | length)"' <<<"$out")"
text=$(jq -r '.answers[0].text' <<<"$out")
say --config turbo3
is "the text of JSON" "$text" "$out"

# Beside each other: one below the other off a terminal, and where they part.
say --config turbo3 --config identity --beside --json
is "three texts" "exact turbo3 identity" "$(jq -r '[.answers[].config] | join(" ")' <<<"$out")"
is "identity never parts" null "$(jq -c '.diverges[1]' <<<"$out")"
at=$(jq '.diverges[0].agree' <<<"$out")
is "the tokens before are the same" true "$(jq ".answers[0].ids[:$at] == .answers[1].ids[:$at]" <<<"$out")"
is "the next is not" false "$(jq ".answers[0].ids[$at] == .answers[1].ids[$at]" <<<"$out")"
one=$(jq -r '.diverges[0].reference_token' <<<"$out") two=$(jq -r '.diverges[0].token' <<<"$out")
say --config turbo3 --beside
has "headings" $'exact\n'"$exact" "$out"
has "the second text" $'turbo3\n'"$text" "$out"
has "where they part is told" "token $((at + 1)): \`$one\` against \`$two\`; $at of 24 tokens agree" "$err"

# Random numbers are shared: identity draws what the exact cache draws, another seed draws otherwise.
say --temperature 1 --config identity --beside --json
is "the same draws" null "$(jq -c '.diverges[0]' <<<"$out")"
drawn=$(jq -c '.answers[0].ids' <<<"$out")
say --temperature 1 --seed 2 --json
is "another seed" false "$(jq -c ".answers[0].ids == $drawn" <<<"$out")"
is "a draw is not the likeliest" false "$(jq -r --arg t "$exact" '.answers[0].text == $t' <<<"$out")"

# A model with a template of its own gets a message, one without the text as it is.
is "raw is what this model gets" raw "$(jq -r '.answers[0].format' <<<"$out")"
say --chat --json
is "unless it is asked for" plain "$(jq -r '.answers[0].format' <<<"$out")"

# Without a prompt the model begins by itself; what is said may be any bytes, what is shown is UTF-8.
run generate "$small" --tokens 60 --json
is "no prompt" "0 1" "$status $(jq '.answers[0].prompt_tokens' <<<"$out")"
run generate "$small" --tokens 60
is "UTF-8" 0 "$(iconv -f UTF-8 -t UTF-8 "$home/out" >/dev/null 2>&1; echo $?)"

# The context is the end.
run generate "$small" --prompt abc --ctx 16 --tokens 100 --json
is "as far as the context goes" "true 16" "$(jq -r '.answers[0] | "\(.full) \(.positions)"' <<<"$out")"
seq 1 2000 >"$home/long"
run generate "$small" --ctx 64 --prompt - <"$home/long"
is "a prompt that does not fit" "3 " "$status $out"
has "says so" "a context of 64 has room for" "$err"

# What goes wrong is one sentence.
wrong() { # STATUS PART WORDS...
    run "${@:3}"
    is "status of ${*:3}" "$1" $status
    has "${*:3}" "$2" "$err"
    is "one line for ${*:3}" 1 "$(grep -c . "$home/err")"
    is "nothing on stdout for ${*:3}" "" "$out"
}
wrong 2 "not empty" generate "$small" --prompt ""
wrong 3 "the prompt is empty" generate "$small" --prompt - </dev/null
printf 'a\0b' >"$home/zero"
wrong 3 "zero byte (at 1)" generate "$small" --prompt - <"$home/zero"
wrong 2 "--raw or --chat" generate "$small" --prompt x --raw --chat
wrong 2 "--chat needs a --prompt" generate "$small" --chat
wrong 3 "no codec \"turbo33\"" generate "$small" --config turbo33
wrong 3 "No such file" generate /nowhere.gguf
wrong 2 "at most 4" generate "$small" --config f16 --config q8_0 --config q4_0 --config identity --beside
wrong 3 "bad_crash: the codec" generate "$small" --prompt abc --config bad_crash --plugin "$bad/bad_crash.so"
run generate-child </dev/null
is "who starts the child himself is told" "2 fault" "$status $(jq -r .event <<<"$out")"

# A codec that hangs is stopped; one that fails beside one that does not costs its own text alone.
run generate "$small" --prompt abc --config bad_hang --plugin "$bad/bad_hang.so" --timeout 1
is "a codec that hangs" 3 $status
has "is stopped" "has not returned after 1 s" "$err"
run generate "$small" --prompt abc --tokens 8 --config bad_nan --plugin "$bad/bad_nan.so" --beside
is "one of two fails" 3 $status
has "its reason" "bad_nan" "$err"
has "the other's figures" "exact: 8 tokens" "$err"
[[ $out == exact* ]] || is "the other's text" "exact..." "$out"

# Stopped by a person: what was said stays, figures are told, status 75, and no process is left. The codec is slow
# here.
mkfifo "$home/pipe"
export KVANT_TEST_SLOW=$home/slow
touch "$KVANT_TEST_SLOW"
"$kvant" generate --prompt "Once" --tokens 900 --config gated --plugin "$build/tests/plugins/gated.so" \
    >"$home/pipe" 2>"$home/err" &
pid=$!
exec 3<"$home/pipe"
IFS= read -r -n 20 -u 3 begun # it has begun
child=$(pgrep -P $pid)
kill -TERM $pid
wait $pid
is "stopped" 75 $?
has "something had been said" "," "$begun$(timeout 5 cat <&3)"
exec 3<&-
has "figures of what was said" "stopped" "$(<"$home/err")"
has "interrupted" "interrupted" "$(<"$home/err")"
is "a child was at work" true "$([[ -n $child ]] && echo true)"
is "none is left" "" "$(ps -o pid= -p "${child:-0}")"

# On a terminal: columns, the mark, Ctrl-C.
command -v tmux >/dev/null || { echo "tmux is not here: the columns are not tested"; finish; }
SHELL=$(command -v bash)
export SHELL
socket=$home/tmux
tm() { tmux -u -S "$socket" -f /dev/null "$@" 2>/dev/null; }
trap 'tm kill-server; rm -rf "$home"' EXIT
screen() { tm capture-pane -p; }
until_shows() { # TEXT, at most 60 s
    local i
    for ((i = 0; i < 1200; i++)); do
        [[ $(screen) == *"$1"* ]] && return
        sleep 0.05
    done
    has "the screen shows" "$1" "$(screen)"
}
show() { # WIDTH WORDS...
    tm kill-server
    socket=$home/tmux.$RANDOM
    tm new-session -d -x "$1" -y 30 "$(printf '%q ' "$kvant" generate "${@:2}"); echo status \$?; sleep 60"
}
show 80 --prompt "Once upon a time" --tokens 24 --config turbo3 --beside
until_shows "status 0"
has "two columns, utf-8" " │ turbo3" "$(screen)"
has "the mark" "▸" "$(screen)"
while IFS= read -r row; do
    [[ $row != *│* ]] || is "a row fits" 1 $((${#row} <= 79))
done < <(screen)
show 80 --prompt "Once upon a time" --tokens 24 --config turbo3 --beside --ascii
until_shows "status 0"
has "two columns, ASCII" " | turbo3" "$(screen)"
has "the mark in ASCII" ">" "$(screen | head -8)"
is "nothing but ASCII" "" "$(screen | LC_ALL=C grep '[^ -~]')"
show 30 --prompt "Once upon a time" --tokens 24 --config turbo3 --beside
until_shows "status 0"
lacks "too narrow for columns" "│" "$(screen)"
show 80 --prompt "Once upon a time" --tokens 900
until_shows "post-office"
tm send-keys C-c
until_shows "status 75"
has "the text stays" "post-office" "$(screen)"
has "and its prompt" "Once upon a time, and" "$(screen)"

finish
