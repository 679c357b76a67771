#!/usr/bin/env bash
# Captures, and what reads them: roundtrip and offline, on the program's own files and on others.
# usage: capture.sh KVANT BUILD_DIR SANITIZED (ON or OFF)
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
bad=$build/tests/plugins
text=README.md
short=(--model "$small" --text "$text" --ctx 64)
file=$home/one.safetensors

# STATUS PART WORDS...
says() {
    run "${@:3}"
    is "status of: ${*:3}" "$1" $status
    has "message of: ${*:3}" "$2" "$err"
}

# ---- capture ----
run capture "${short[@]}" -n 1 --type f32 -o "$file" --json
is "capture" 0 $status
is "what it wrote" "3 1 64 64 pre f32" "$(jq -r '[.layers, .passages, .ctx, .rows, .rope, .type] | join(" ")' <<<"$out")"
is "its model" "$(sha256sum "$small" | cut -d' ' -f1)" "$(jq -r .model <<<"$out")"
is "only the file" "one.safetensors" "$(find "$home" -name '*safetensors*' -printf '%f')"
before=$(sha256sum <"$file")
says 3 "is there already; --force replaces it" capture "${short[@]}" -n 1 -o "$file"
is "it stays" "$before" "$(sha256sum <"$file")"
run capture "${short[@]}" -n 1 --type f32 -o "$file" --force --threads 1
is "--force" 0 $status
is "the same file, on one thread" "$before" "$(sha256sum <"$file")"
run capture "${short[@]}" -n 1 --type f32 -o "$home/post.safetensors" --rope post
has "after RoPE" "after RoPE" "$out"
run capture "${short[@]}" -n 3 -o "$home/three.safetensors"
has "three passages" "192 per stream, in 3 passages of 64, f16" "$out"
has "before RoPE" "before RoPE" "$out"
run capture --model "$small" --ctx 16 -n 2 -o "$home/self.safetensors"
is "of its own text" 0 $status
says 2 "-o OUT.safetensors" capture "${short[@]}"
says 3 "nowhere" capture "${short[@]}" -n 1 -o "$home/nowhere/x.safetensors"
mkfifo "$home/fifo"
says 3 "no regular file" capture "${short[@]}" -n 1 -o "$home/fifo" --force
says 2 "before" capture "${short[@]}" -o "$home/x.safetensors" --rope before
says 3 "missing.gguf" capture -m "$home/missing.gguf" -o "$home/x.safetensors"
says 3 "missing.txt" capture -m "$small" -t "$home/missing.txt" -o "$home/x.safetensors"
"$kvant" capture --model "$small" --ctx 128 -n 4000 -o "$home/long.safetensors" >/dev/null 2>&1 &
pid=$!
listens $pid
kill -TERM $pid
wait $pid
is "interrupted is 75" 75 $?
is "and leaves nothing" "" "$(find "$home" -name 'long.*')"
(
    trap '' XFSZ
    ulimit -f 16
    "$kvant" capture "${short[@]}" -n 1 -o "$home/full.safetensors" >/dev/null 2>"$home/full"
    echo $? >"$home/full.status"
)
is "a full disk is status 3" 3 "$(<"$home/full.status")"
has "and is named" "File too large" "$(<"$home/full")"
is "no half a file" "" "$(find "$home" -name '*full.safetensors*')"

# ---- offline ----
for form in one post; do
    run offline identity "$home/$form.safetensors" --json
    is "identity" "0 0 0 1 1 1" \
        "$(jq -r '[.k_error, .v_error, .query_error, .weight_cosine, .worst_weight_cosine, .output_cosine] | join(" ")' <<<"$out")"
done

# What a run finds on the same rows: the prefix of a snapshot, its errors and its sampled queries.
agrees() { # CONFIG
    run run "$1" --model "$small" --text "$text" --protocol snapshot --ctx 64 --eval 17 -n 1 --json
    is "run $1" 0 $status
    wanted=$(jq -c '[.layers[] | [.rel_error, .query_error | values | . * 1e9 | round]] | add' <<<"$out")
    ratio=$(jq -c '.ratio * 1e9 | round' <<<"$out")
    run offline "$1" "$file" --queries 32 --json
    is "$1: errors as in a run" "$wanted" \
        "$(jq -c '[.layers[] | .k_error, .query_error, .v_error | . * 1e9 | round]' <<<"$out")"
    is "$1: ratio as in a run" "$ratio" "$(jq -c '.ratio * 1e9 | round' <<<"$out")"
}
agrees turbo3
agrees 'k=q8_0 v=turbo4 @0:f16'
agrees 'q4_0 rope=post'

run offline 'k=q8_0 v=q4_0' "$home/three.safetensors"
is "a table" 0 $status
has "its rows" "192 per stream, in 3 sequences of 64" "$out"
is "a line for every layer and one for all" 4 "$(grep -cE '^│ (0|1|2|all) ' <<<"$out")"
worst=$(grep -oE '^│ (0|1|2) ' <<<"$out" | head -1 | tr -dc 0-9)
run offline 'k=q8_0 v=q4_0' "$home/three.safetensors" --json
is "the worst layer first" "$(jq '.layers | min_by(.weight_cosine).layer' <<<"$out")" "$worst"
run offline 'k=q8_0 v=q4_0' "$home/three.safetensors" --heads
is "a line for every head" 7 "$(grep -cE '^│ (0|1|2|all) ' <<<"$out")"
run offline turbo4 "$file" --ascii
lacks "ASCII only" "│" "$out"
says 3 'did you mean "turbo4"' offline trubo4 "$file"
says 3 "needs calibration" offline shifts "$file" --plugin "$build/tests/app/plugins/shifts.so"
run offline shifts "$file" --plugin "$build/tests/app/plugins/shifts.so" --calibrate-rows
has "calibrated rows are said" "32 per stream, in 1 sequence of 32; the 32 before them calibrated" "$out"
says 2 "sideways" offline q8_0 "$file" --stored sideways
says 3 "No such file" offline q8_0 "$home/none.safetensors"
says 3 "is no safetensors file" offline q8_0 "$small"
says 2 "FILE" offline q8_0

# A codec that misbehaves is a sentence.
crash="died of signal 11"
[[ ${3-OFF} == ON ]] && crash="ended its process with status 1"
says 3 "$crash" offline bad_crash "$file" --plugin "$bad/bad_crash.so"
says 3 "has not returned after 1 s" offline bad_hang "$file" --plugin "$bad/bad_hang.so" --timeout 1
says 3 "k=bad_nan, layer 0, head 0, decode" offline bad_nan "$file" --plugin "$bad/bad_nan.so"

# ---- roundtrip ----
run roundtrip q8_0 "$file" --json
is "every stream of keys and values" "12 k v" "$(jq -r '[(.streams | length), ([.streams[].stream] | unique | .[])] | join(" ")' <<<"$out")"
is "all of it" "768 32" "$(jq -r '[.rows, .dim] | join(" ")' <<<"$out")"
is "the sum of the streams" "$(jq '[.streams[].bytes] | add' <<<"$out")" "$(jq .bytes <<<"$out")"
run roundtrip q8_0 "$file" --stream v --json
is "values alone" "6 v" "$(jq -r '[(.streams | length), ([.streams[].stream] | unique | .[])] | join(" ")' <<<"$out")"
run roundtrip q8_0 "$file" --tensor layers.1.k --tensor layers.0.q --json
is "named tensors" "layers.1.k layers.0.q" "$(jq -r '[.streams[].tensor] | unique_by(.) | sort_by(. != "layers.1.k") | join(" ")' <<<"$out")"
run roundtrip 'blocky(block=5,pool=true)' "$file" --plugin "$bad/blocky.so" --tensor layers.1.k --json
is "a pooled codec has one stream" "1 null 128 8" "$(jq -r '[(.streams | length), .streams[0].head // "null", .rows, .open_rows] | join(" ")' <<<"$out")"
run roundtrip q8_0 "$file"
has "a table of streams" "layers.2.v, head 1" "$out"
says 3 'did you mean "layers.1.' roundtrip q8_0 "$file" --tensor layers.1.x
says 3 "tensor tokens: its values are not" roundtrip q8_0 "$file" --tensor tokens
says 3 "have 32 columns, not 64" roundtrip q8_0 "$file" --dim 64
says 3 "needs calibration" roundtrip shifts "$file" --plugin "$build/tests/app/plugins/shifts.so"
run roundtrip shifts "$file" --plugin "$build/tests/app/plugins/shifts.so" --calibrate-rows --json
is "half calibrates" "32 384 4" "$(jq -r '[.calibration_rows, .rows, .streams[0].side_bytes] | join(" ")' <<<"$out")"

tells=$build/tests/app/plugins/tells.so
says 3 "values of 32 columns, layer 2 of 3, head 0 of 2, rotated 0, 64 rows" roundtrip tells "$file" --plugin "$tells" --tensor layers.2.v
says 3 "keys of 32 columns, layer 1 of 3, head 0 of 2, rotated 1" roundtrip tells "$home/post.safetensors" --plugin "$tells" --tensor layers.1.k

run roundtrip identity "$file" --calibrate-rows --json
is "what is measured is the second half" "384 0 0" "$(jq -r '[.rows, .error, .largest_error] | join(" ")' <<<"$out")"
# Heads apart or pooled: the same rows, the same errors, but for the order in which they are added up.
figures='[.error, .k_error, .v_error, .query_error, .bytes] | map(if . then . * 1e12 | round else . end)'
for command in roundtrip offline; do
    run $command 'blocky(block=4,forget=1)' "$file" --plugin "$bad/blocky.so" --calibrate-rows --json
    apart=$(jq -c "$figures" <<<"$out")
    run $command 'blocky(block=4,forget=1,pool=true)' "$file" --plugin "$bad/blocky.so" --calibrate-rows --json
    is "$command: pooled heads" "$apart" "$(jq -c "$figures" <<<"$out")"
done
# One byte and a triangle of 32 columns: the queries have come, from the file that has them.
run roundtrip 'qprecond(identity,skip=never)' "$file" --stream k --calibrate-rows --json
is "calibration is given queries" 2113 "$(jq '.streams[0].side_bytes' <<<"$out")"
run offline 'k=qprecond(identity,skip=never)' "$file" --calibrate-rows --json
is "offline, too" 2113 "$(jq '.layers[0].side_bytes / 2' <<<"$out")"

# KKTV and plain f32 hold the same rows, so the same comes out; the encodings and rows, too.
head -c 12800 tests/data/kv/input.f32 >"$home/rows.f32"
{
    printf '\x56\x54\x4b\x4b\x01\0\0\0\x19\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0'
    cat "$home/rows.f32"
} >"$home/rows.kktv"
run roundtrip turbo4 "$home/rows.kktv" --encoded "$home/kktv.enc" --decoded "$home/kktv.dec" --json
is "KKTV says its columns" "25 128 68" "$(jq -r '[.rows, .dim, .bytes_per_row] | join(" ")' <<<"$out")"
run roundtrip turbo4 "$home/rows.f32" --dim 128 --encoded "$home/f32.enc" --decoded "$home/f32.dec" --json
is "one stream" 1 "$(jq '.streams | length' <<<"$out")"
is "the same encoding" "" "$(cmp "$home/kktv.enc" "$home/f32.enc" 2>&1)"
is "the same rows" "" "$(cmp "$home/kktv.dec" "$home/f32.dec" 2>&1)"
run roundtrip turbo4 --dim 128 - <"$home/rows.f32"
has "from standard input" "25 x 128" "$out"
says 2 "--dim" roundtrip turbo4 "$home/rows.f32"
says 3 "columns, not 64" roundtrip q8_0 "$home/rows.kktv" --dim 64
run roundtrip 'qprecond(identity,skip=never)' "$home/rows.kktv" --calibrate-rows
has "a file without queries" "queries" "$err"
head -c 5000 "$home/rows.kktv" >"$home/cut.kktv"
says 3 "25 rows of 128 f32, but 4976 bytes follow" roundtrip turbo4 "$home/cut.kktv"
head -c 5000 "$file" >"$home/cut.safetensors"
says 3 "past the end of the data" roundtrip turbo4 "$home/cut.safetensors"
printf '\xff\xff\xff\xff\xff\xff\xff\x7f{}' >"$home/liar.safetensors"
says 3 "is it a safetensors file?" offline turbo4 "$home/liar.safetensors"
mkfifo "$home/rows.fifo"
cat "$home/rows.fifo" >/dev/null &
reader=$!
says 3 "decode" roundtrip bad_nan "$file" --plugin "$bad/bad_nan.so" --decoded "$home/rows.fifo"
is "what is no file stays" 0 "$([[ -p $home/rows.fifo ]]; echo $?)"
wait $reader
is "no half a file of rows" "" "$(run roundtrip bad_nan "$file" --plugin "$bad/bad_nan.so" --decoded "$home/half"; ls "$home/half" 2>/dev/null)"
finish
