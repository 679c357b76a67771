#!/usr/bin/env bash
# kvant session: the reference against itself gives exactly nothing; a broken codec is seen; what does not fit is said.
# usage: session.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash
# shellcheck source=tests/lab/ends.bash
source tests/lab/ends.bash
bad=$build/tests/plugins/bad_uniform2.so
default=models/kvant-books-8m-q8_0.gguf

session() { # CONFIG WORDS...
    run session "$1" --model "$small" --threads "${threads-2}" --json "${@:2}"
}
scores() { # of the newest run
    "$kvant" sql --json "SELECT score, score_ref, passages, suite_options FROM v_runs ORDER BY id DESC LIMIT 1" |
        jq -c '.[0] // .rows[0]'
}

# ---- the reference against itself ----

session identity --turns 12 --tokens 8
is "identity is held" 0 "$status"
is "twelve turns" 12 "$(jq '.items | length' <<<"$out")"
is "turns are counted from 1" "[1,2,3,4,5,6,7,8,9,10,11,12]" "$(jq -c '[.items[].x]' <<<"$out")"
is "the eleventh turn is of the second phase" '["write","debug"]' "$(jq -c '[.items[9,10].label]' <<<"$out")"
is "KLD is zero at every turn" '[0]' "$(jq -c '[.items[].kld] | unique' <<<"$out")"
is "agreement is whole at every turn" '[100]' "$(jq -c '[.items[].agreement] | unique' <<<"$out")"
is "both say the same" true "$(jq '[.items[] | .said == .said_ref and .score == .score_ref] | all' <<<"$out")"
is "there is something that they say" true "$(jq '[.items[].said_ref | length > 0] | all' <<<"$out")"
is "no turn is noted" '[""]' "$(jq -c '[.items[].note] | unique' <<<"$out")"
is "no window before the sixth turn, then no drop" '[null,null,null,null,null,0,0,0,0,0,0,0]' \
    "$(jq -c '[.items[].second]' <<<"$out")"
is "answers are as long as asked for" '[8]' "$(jq -c '[.items[].n] | unique' <<<"$out")"
is "96 positions, and none for the questions" 96 "$(jq '[.items[].n] | add' <<<"$out")"
is "score and the reference's" '100 100 12' "$(scores | jq -r '"\(.score) \(.score_ref) \(.passages)"')"
exact=$(jq -c '[.items[].said_ref]' <<<"$out")

# ---- a config that loses something ----

session turbo3 --turns 12 --tokens 8
is "a lossy config is held" 0 "$status"
lossy=$(jq -c .items <<<"$out")
is "the reference said the same to it" "$exact" "$(jq -c '[.[].said_ref]' <<<"$lossy")"
is "every turn has a KLD" true "$(jq '[.[].kld > 0] | all' <<<"$lossy")"
is "the score is the agreement over all positions" true \
    "$(scores | jq --argjson items "$lossy" '.score - ([$items[] | .agreement * .n] | add) / ([$items[].n] | add) | fabs < 1e-9')"
is "some of its answers are its own" true "$(jq '[.[] | .said != .said_ref] | any' <<<"$lossy")"
is "where all before agreed, and the turn itself, it says the same" true \
    "$(jq '[.[].agreement == 100] as $whole | (($whole | index(false)) // 12) as $first | [.[:$first][] | .said == .said_ref] | all' <<<"$lossy")"
is "the first turn that does not agree is said differently" true \
    "$(jq '[.[].agreement == 100] as $whole | ($whole | index(false)) as $first | .[$first] | .said != .said_ref' <<<"$lossy")"
is "a drop is that of the differences to the reference" true "$(jq '
    [.[] | .score - .score_ref] as $d |
    [range(5; 12) as $i | (($d[$i-5:$i] | add / 5) - $d[$i] - .[$i].second) | fabs < 0.00051] | all' <<<"$lossy")"
is "an alert is a drop of more than 0.15, and nothing else" true \
    "$(jq '[.[] | (.note | startswith("degraded")) == ((.second // 0) > 0.15)] | all' <<<"$lossy")"

is "what is said otherwise looks otherwise somewhere" true "$(jq '[.[] | .score != .score_ref] | any' <<<"$lossy")"
is "and what is said alike looks alike" true \
    "$(jq '[.[] | select(.said == .said_ref) | .score == .score_ref] | all' <<<"$lossy")"

# The config's own first answer leaves the reference's in its middle; kvant generate comes there by itself.
session turbo4 --turns 1 --tokens 24
both=$(jq -c '.items[0] | [.said_ref, .said]' <<<"$out")
run generate "$small" --beside --config turbo4 --prompt 'They began to read the book, and' --tokens 24 --json
is "both say what they say by themselves" "$both" "$(jq -c '[.answers[].text]' <<<"$out")"
is "and part after the first token" true \
    "$(jq '[.answers[].ids] | .[0][0] == .[1][0] and .[0] != .[1]' <<<"$out")"

# Not on threads, nor on what is kept.
threads=1 session turbo3 --turns 12 --tokens 8
is "threads change nothing" "$lossy" "$(jq -c .items <<<"$out")"
session turbo3 --turns 12 --tokens 8 --no-cache
is "what is kept changes nothing" "$lossy" "$(jq -c .items <<<"$out")"
find "$home" -path '*reference*' -type f | sort | awk 'NR % 3 == 0' | xargs rm -f
session turbo3 --turns 12 --tokens 8
is "what is kept in part changes nothing" "$lossy" "$(jq -c .items <<<"$out")"
mapfile -t kept < <(find "$home" -path '*reference*' -type f)
is "something is kept" true "$([[ ${#kept[@]} -gt 5 ]] && echo true)"
for file in "${kept[@]}"; do truncate -s 100 "$file"; done
session turbo3 --turns 12 --tokens 8
is "what is kept and broken changes nothing" "$lossy" "$(jq -c .items <<<"$out")"

session turbo3 --turns 12 --tokens 8 # kept again; the session itself is 12 turns of 10 numbers behind a head
transcript=$(find "$home" -path '*reference*' -type f -size 544c)
is "there is one session" 1 "$(wc -l <<<"$transcript")"
printf '\xff\xff\xff\x7f' | dd of="$transcript" bs=1 seek=540 conv=notrunc status=none
session turbo3 --turns 12 --tokens 8
is "a kept session with words that do not exist is held again" "0 $lossy" "$status $(jq -c .items <<<"$out")"

# A block codec's open rows, in a session that goes its own way.
session 'kivi(group=32)' --turns 8 --tokens 8
is "a block codec holds a session" "0 8" "$status $(jq '.items | length' <<<"$out")"

# ---- what fits ----

session identity --ctx 256
is "as many turns as fit" 0 "$status"
turns=$(jq '.items | length' <<<"$out")
has "the line says how many" "$turns of 50 turns fit 256 tokens" "$err"
has "the record says so, too" "$turns of 50 turns fit 256 tokens" "$(jq -r '.items[-1].note' <<<"$out")"
is "it is fewer than all" true "$([[ $turns -gt 1 && $turns -lt 50 ]] && echo true)"
session identity --ctx 256 --turns "$turns"
lacks "all that were asked for" "turns fit" "$err$(jq -r '.items[-1].note' <<<"$out")"
session identity --ctx 256 --turns $((turns + 1)) --tokens 8
is "not one more" "$turns" "$(jq '.items | length' <<<"$out")"
session identity --ctx 512 --turns 4
is "without --tokens an answer takes its part of the room" true "$(jq '.items[0].n > 64' <<<"$out")"
session identity --turns 2
is "but no more than 256 tokens" 256 "$(jq '.items[0].n' <<<"$out")"
session identity --ctx 16
is "no turn fits: refused" 2 "$status"
has "and told why" "does not fit a context of 16" "$err"
for words in '--turns 0' '--turns 51' '--tokens -1' '--turns many'; do
    # shellcheck disable=SC2086
    session identity $words
    is "$words is refused" "2 " "$status $out"
done

# ---- a model that knows conversations ----

# 64 bytes more, so that the tensors stay aligned: a template that says markers in plain text.
count=$(od -An -tu1 -j16 -N1 "$small")
{
    head -c 16 "$small"
    printf '%b' "\\x$(printf %x $((count + 1)))"
    head -c 24 "$small" | tail -c 7
    printf '\x17\0\0\0\0\0\0\0tokenizer.chat_template\x08\0\0\0\x15\0\0\0\0\0\0\0[INST] and [/INST]   '
    tail -c +25 "$small"
} >"$home/chat.gguf"
plain=$(session identity --turns 3 --tokens 8 && jq -r '.text_hash' <<<"$out")
run session identity --model "$home/chat.gguf" --turns 3 --tokens 8 --json
is "a conversation is held" "0 3" "$status $(jq '.items | length' <<<"$out")"
is "exactly" '[0]' "$(jq -c '[.items[].kld] | unique' <<<"$out")"
is "it is another text" true "$([[ $(jq -r .text_hash <<<"$out") != "$plain" ]] && echo true)"
is "longer than the begun sentences" true "$(jq '.n_values > 0' <<<"$out")"
run session identity --model "$home/chat.gguf" --ctx 512 --tokens 8 --json
has "messages are longer: fewer fit" "of 50 turns fit 512 tokens" "$err"

# ---- answers that end ----

# The first answer is 163 448 243 243 375 ...
session identity --turns 12 --tokens 8
first=$(jq -r '.items[0].said_ref' <<<"$out")
ends_with 375
run session identity --model "$home/ends.gguf" --turns 12 --tokens 8 --json
is "an end is forced, too: four tokens and it" "0 5" "$status $(jq '.items[0].n' <<<"$out")"
has "the answer is what came before it" "$(jq -r '.items[0].said_ref' <<<"$out")" "$first"
is "other answers are as long as they may be" true "$(jq '[.items[].n] | max == 8' <<<"$out")"
is "all of it exactly" '[0,100]' "$(jq -c '[.items[] | .kld, .agreement] | unique' <<<"$out")"
run session turbo3 --model "$home/ends.gguf" --turns 12 --tokens 8 --json
is "and for a lossy config" "0 5" "$status $(jq '.items[0].n' <<<"$out")"
ends_with 163
run session identity --model "$home/ends.gguf" --turns 12 --tokens 8 --json
is "an answer may be empty: its end is all that is forced" '[1,"",0]' \
    "$(jq -c '.items[0] | [.n, .said_ref, .kld]' <<<"$out")"
is "what is said to an empty answer is said to both" '[100]' "$(jq -c '[.items[].agreement] | unique' <<<"$out")"
run session turbo3 --model "$home/ends.gguf" --turns 12 --tokens 8 --json
is "a lossy config may say something there" 0 "$status"

# ---- two sessions side by side ----

ids=$("$kvant" sql --json "SELECT max(id) AS id FROM v_runs WHERE config LIKE 'turbo3%' AND model_path LIKE '%/llama.gguf' UNION ALL
    SELECT max(id) FROM v_runs WHERE config = 'identity' AND model_path LIKE '%/llama.gguf' AND ctx = 2048 AND suite_options LIKE '%turns=12%'" | jq -r '(.rows? // .)[].id')
# shellcheck disable=SC2086
run diff $ids --json
is "two sessions are compared" 0 "$status"
is "turn by turn" true "$(jq --argjson items "$lossy" '[.session.turns[].a] == [$items[].score] and [.session.turns[].b] == [$items[].score_ref]' <<<"$out")"
is "by the difference of their averages" true \
    "$(jq '.session | (([.turns[].b] | add / length) - ([.turns[].a] | add / length) - .difference) | fabs < 1e-12' <<<"$out")"
is "and its verdict" true "$(jq '.session | (.verdict == "equivalent") == ((.difference | fabs) <= 0.05)' <<<"$out")"
# shellcheck disable=SC2086
run diff $ids
has "in words" "Quality of their own sessions" "$out"
a=${ids%%$'\n'*}
b=${ids##*$'\n'}
raise() { # BY: the qualities of b's turns
    "$kvant" sql --write --yes "UPDATE run_items SET score = score + ($1) WHERE run = $b" >/dev/null 2>&1
    run diff "$a" "$b" --json
}
run diff "$a" "$b" --json
gap=$(jq .session.difference <<<"$out")
raise "0.049 - $gap"
is "0.049 apart: equivalent" equivalent "$(jq -r .session.verdict <<<"$out")"
raise 0.002
is "0.051 apart: the second looks better" b "$(jq -r .session.verdict <<<"$out")"
run diff "$b" "$a"
has "in words, whichever comes first" "run $b looks better" "$out"
raise -0.102
is "0.051 to the other side: the first" a "$(jq -r .session.verdict <<<"$out")"
run run identity --model "$small" --ctx 64 --passages 2
run diff "$a" "$("$kvant" sql --json "SELECT max(id) AS id FROM v_runs" | jq -r '(.rows? // .)[0].id')"
is "a session and a plain run are not compared" 3 "$status"

# ---- on the default model: the broken codec is seen, the good one is not ----

# shellcheck disable=SC2016
judge() { # CONFIG QUESTION
    run session "$1" --model "$default" --turns 10 --tokens 12 --plugin "$bad" --json
    jq -c '(([.items[] | .agreement * .n] | add) / ([.items[].n] | add)) as $agreement | '"$2" <<<"$out"
}
# shellcheck disable=SC2016
is "q8_0 agrees nearly everywhere, and KLD is small at every turn" true \
    "$(judge q8_0 '$agreement >= 97 and ([.items[].kld < 1e-4] | all)')"
# shellcheck disable=SC2016
is "two uniform bits do not, and at no turn" true "$(judge bad_uniform2 '$agreement < 85 and ([.items[].kld > 0.02] | all)')"
finish
