#!/usr/bin/env bash
# Codecs that misbehave, and input that is wrong: each costs its run and says what, where and why.
# usage: failures.sh KVANT BUILD_DIR SANITIZED (ON or OFF: AddressSanitizer turns signals into an exit)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins

# A codec that misbehaves is a failed row with its reason; status 3.
fails() { # CODEC REASON WORDS...
    evaluate "$1" --plugin "$bad/$1.so" "${@:3}"
    is "$1 fails" 3 $status
    has "$1: why" "$2" "$err"
    run runs --limit 1 --json
    is "$1 is stored as failed" "failed $1" "$(jq -r '.[0] | [.status, .config] | join(" ")' <<<"$out")"
    has "$1: the row says why" "$2" "$(jq -r '.[0].reason' <<<"$out")"
}
crash="died of signal 11"
[[ ${3-OFF} == ON ]] && crash="ended with status 1"
fails bad_crash "$crash"
has "and where" "codec, passage 0, layer 0" "$("$kvant" sql --mode csv 'select phase from runs order by id desc limit 1')"
fails bad_hang "no progress for 1 s (codec, passage 0, layer 0)" --timeout 1
fails bad_scribble "encode: it wrote past its buffer of 8192 bytes"
fails bad_nan "column 31 comes back as nan"
fails bad_lie "do not add up to 8192"
fails bad_create "create: refuses head dimension 32"

# A worker whose front is killed goes with it, even one that hangs.
"$kvant" run bad_hang --plugin "$bad/bad_hang.so" "${evaluation[@]}" --passages 4 >/dev/null 2>&1 &
victim=$!
at_work() {
    worker=$(pgrep -P $victim) && hangs "$worker"
}
until_true at_work
kill -9 $victim
wait $victim 2>/dev/null
gone() { [[ $(ps -o stat= -p "$worker") != [RSDT]* ]]; } # or waits for its new parent to notice
until_true gone
is "a worker goes with its front" gone "$(gone && echo gone)"

# The others of a sweep do not notice.
run sweep "${evaluation[@]}" --passages 4 --plugin "$bad/bad_crash.so" --plugin "$bad/bad_nan.so" bad_crash q8_0 bad_nan turbo4
is "a sweep with failures says so" 3 $status
has "and runs the rest" "5 run, 0 already there, 2 failed" "$err"
is "the good ones are done" 3 "$("$kvant" sql --mode csv "select count(*) from v_runs where status = 'done'" | tail -1 | tr -d '\r')"

# Plugins that cannot be loaded spoil nothing.
run codecs turbo4 --plugin "$bad/bad_load.so"
is "a plugin that dies at loading" "0" $status
run codecs --plugin "$bad/bad_abi.so"
has "another ABI is named" "ABI" "$err"
evaluate bad_abi --plugin "$bad/bad_abi.so"
is "its codecs are unknown" 3 $status
evaluate turbo4 --plugin "$home/missing.so"
is "a missing plugin" 3 $status
has "is named" "missing.so" "$err"

# roundtrip has its codec in another process, too.
head -c 12800 tests/data/kv/input.f32 >"$home/rows.f32"
run roundtrip bad_crash --dim 128 "$home/rows.f32" --plugin "$bad/bad_crash.so"
is "roundtrip survives a crash" 3 "$status"
run roundtrip turbo4 --dim 128 tests/data/kv/input.f32 --encoded "$home/e" --decoded "$home/d" --json
is "roundtrip" 0 $status
is "68 bytes a row" 68 "$(jq .bytes_per_row <<<"$out")"
is "the reference's bytes" "" "$(cmp "$home/e" tests/data/kv/turbo4.enc 2>&1)"
is "all rows decoded" "$(stat -c %s tests/data/kv/input.f32)" "$(stat -c %s "$home/d")"
run roundtrip turbo4 --dim 100 tests/data/kv/input.f32
is "rows that do not fit the file" 3 $status
run roundtrip q8_0 --dim 100 "$home/rows.f32"
is "a dimension the codec does not take" 3 $status

# Configs.
says() { # STATUS PART WORDS...
    run "${@:3}"
    is "status of: ${*:3}" "$1" $status
    has "message of: ${*:3}" "$2" "$err"
    is "one line: ${*:3}" 1 "$(wc -l <<<"$err")"
}
says 3 'did you mean "turbo4"' run trubo4 "${evaluation[@]}"
says 3 'did you mean "bits"' run 'polar(bit=3)' "${evaluation[@]}"
says 3 '1 to 8' run 'polar(bits=9)' "${evaluation[@]}"
says 3 '(column 3)' run 'k=nonsense' "${evaluation[@]}"
says 3 'layer' run 'turbo4 @7:q8_0' "${evaluation[@]}"

# Models.
head -c 900000 "$small" >"$home/cut.gguf"
says 3 'past the end of the file' run q8_0 --model "$home/cut.gguf"
says 3 'missing.gguf' run q8_0 --model "$home/missing.gguf"
printf 'GGUF' >"$home/four.gguf"
says 3 'four.gguf' run q8_0 --model "$home/four.gguf"
LC_ALL=C sed 's/general.architecture\(.\{12\}\)llama/general.architecture\1mamba/' "$small" >"$home/mamba.gguf"
says 3 'architecture "mamba" is not supported' run q8_0 --model "$home/mamba.gguf"
printf '3 900 5' >"$home/ids"
says 3 'token 900 at position 1 is outside the vocabulary of 512' logits "$small" "$home/ids" -o "$home/l.f32"
is "no half a file" 1 "$([[ -e $home/l.f32 ]]; echo $?)"
says 3 'No such file' logits "$small" "$home/none" -o "$home/l.f32"

# Databases.
printf 'this is no database, only some text that is long enough' >"$home/text.db"
says 3 'text.db' runs --db "$home/text.db"
says 3 'none.db' runs --db "$home/none.db"
says 3 'nowhere' run q8_0 "${evaluation[@]}" --db "$home/nowhere/x.db"
if command -v sqlite3 >/dev/null; then
    cp "$home/.local/share/kvant/kvant.db" "$home/newer.db"
    sqlite3 "$home/newer.db" 'pragma user_version = 999'
    says 3 '999' runs --db "$home/newer.db"
fi

# A full disk, in the shape of a limit on file size: nothing half written.
before=$("$kvant" sql --mode csv 'select count(*) from runs')
(
    trap '' XFSZ
    ulimit -f 16
    "$kvant" run q4_0 "${evaluation[@]}" --seed 4242 >/dev/null 2>"$home/full"
    echo $? >"$home/full.status"
)
is "a full disk is status 3" 3 "$(<"$home/full.status")"
has "and is named" "File too large" "$(<"$home/full")"
is "no row was written" "$before" "$("$kvant" sql --mode csv 'select count(*) from runs')"
is "no half entry is left" "" "$(find "$home/.cache/kvant" -name '*.kvant.*')"

# Interrupted: status 75, and what was finished stays.
: >"$home/err" # what was said before is not taken for its words
"$kvant" sweep "${evaluation[@]}" --passages 30000 --seed 5 q8_0 q4_0 turbo4 >/dev/null 2>"$home/err" &
pid=$!
until_true test -s "$home/err" # it tells how far it is
kill -TERM $pid
wait $pid
is "interrupted is 75" 75 $?
finish
