#!/usr/bin/env bash
# Plans, shards and merging: parts run anywhere and put together are one sweep.   usage: plan.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
# shellcheck source=tests/lab/crew.bash
source tests/lab/crew.bash
unset "${!KVANT_SHARD@}" "${!SLURM_@}" "${!HQ_@}" "${!PBS_@}" "${!LSB_@}" "${!FLUX_@}" PARALLEL_SEQ
export KVANT_DB=$home/all.db
many=('polar(bits=2..5)' q8_0 turbo4 'k=q8_0 v=turbo3' 'turbo3 @0:q8_0')
plan=$home/p.jsonl
mkdir "$home/elsewhere"

# ---- a plan ----

run sweep "${long[@]}" --passages 12 "${many[@]}" --plan "$plan"
is "a sweep is planned" 0 $status
has "and says how much" "8 cells planned for llama.gguf" "$err"
is "nothing was run" "" "$(ls "$home"/*.db 2>/dev/null)"
is "a header and a line for each cell" "9 8" "$(wc -l <"$plan") $(head -1 "$plan" | jq .cells)"
is "in the sweep's order" "$("$kvant" sweep "${many[@]}" --dry-run --json | jq -c '[.configs[].config]')" \
    "$(tail -n +2 "$plan" | jq -sc '[.[].config]')"
is "the model's hash is its file's" "$(sha256sum <"$small" | cut -d' ' -f1)" "$(head -1 "$plan" | jq -r .model.hash)"
is "and the text's" "$(sha256sum <"$home/text" | cut -d' ' -f1)" "$(head -1 "$plan" | jq -r .text.hash)"
is "a cell's hash is the documented one" \
    "$(head -1 "$plan" | jq -j '"{\"at_most\":false,\"calibration\":\"\",\"config\":\"q8_0\",\"ctx\":64,\"eval\":0,\"model\":\"" + .model.hash +
        "\",\"passages\":12,\"protocol\":\"stream\",\"seed\":1,\"text\":\"" + .text.hash + "\"}"' | sha256sum | cut -d' ' -f1)" \
    "$(jq -r 'select(.config == "q8_0") | .cell' "$plan")"
run sweep "${long[@]}" --passages 12 "${many[@]}" --plan -
is "the same again, to the byte, on stdout" "$(<"$plan")" "$out"

# ---- its shards ----

run sweep --from "$plan" --shard 2/3 --dry-run
is "what a shard would run" $'to run          polar(bits=3)\nto run          q8_0\nto run          turbo3 @0:q8_0' "$(grep -v '^#' <<<"$out")"
for i in 1 2 3; do
    run sweep --from "$plan" --shard $i/3 --jobs 2
    is "shard $i runs" 0 $status
done
is "each into its file" "p.shard-1-of-3.db p.shard-2-of-3.db p.shard-3-of-3.db" "$(cd "$home" && echo p.shard-*.db)"
is "none into the database" 1 "$([[ -e $KVANT_DB ]]; echo $?)"
run sweep --from "$plan" --shard 2/3
has "a shard goes on where it was" "1 run, 3 already there, 0 failed" "$err"
run sweep --from "$plan" --shard 2/3 --dry-run
is "and says what it has" 3 "$(grep -c "^done, run [234] " <<<"$out")"
has "with nothing left" "# 0 of 3 to run" "$out"

# ---- merged ----

run merge "$home"/p.shard-*.db
is "shards are merged" 0 $status
is "all of them" "4 new, 0 already there|5 new, 0 already there|3 new, 0 already there" "$(cut -d: -f2 <<<"$out" | sed 's/^ //' | paste -sd'|')"
before=$("$kvant" runs --limit 0 --json)
run merge "$home"/p.shard-*.db --json
is "twice is once" "0 4 0 5 0 3" "$(jq -r 'map("\(.new) \(.already_there)") | join(" ")' <<<"$out")"
is "to the byte" "$before" "$("$kvant" runs --limit 0 --json)"
run sweep "${long[@]}" --passages 12 "${many[@]}" --db "$home/one.db"
is "the whole is the one sweep" "$(rows "$home/one.db")" "$(rows "$KVANT_DB")"
parts() { # TABLE: rows of one config's newest run, whatever their numbers
    "$kvant" sql --db "$2" --mode csv "select * from $1 where run = (select max(id) from v_runs where config = 'turbo3 @0:q8_0') order by 2, 3" | cut -d, -f2-
}
is "layers, too" "$(parts run_layers "$home/one.db")" "$(parts run_layers "$KVANT_DB")"
is "and blocks" "$(parts run_blocks "$home/one.db")" "$(parts run_blocks "$KVANT_DB")"
has "which there are" "q8_0" "$(parts run_layers "$KVANT_DB")"
is "the database is whole" ok "$("$kvant" sql --json 'pragma integrity_check' | jq -r '.[0].integrity_check')"
run sweep --from "$plan" --no-shard
has "the sweep has all of it" "1 run, 8 already there, 0 failed" "$err"

run merge "$KVANT_DB"
has "not into itself" "cannot be merged into itself" "$err"
run merge README.md "$home/none.db" "$home/p.shard-1-of-3.db"
is "what is no database is refused" 3 $status
has "by name" "README.md" "$err"
has "and the rest is merged" "p.shard-1-of-3.db: 0 new" "$out"
if command -v sqlite3 >/dev/null; then
    tamper() { # SQL
        cp "$home/p.shard-1-of-3.db" "$home/t.db"
        rm -f "$home"/t.db-*
        sqlite3 "$home/t.db" "$1"
        run merge "$home/t.db"
    }
    runs=$("$kvant" runs --limit 0 --json)
    for change in "update runs set kld = kld + 1 where id = 3" "update run_blocks set nll = 0 where run = 3 and block = 0" \
        "update run_layers set codec = 'f16' where run = 3 and layer = 0" "delete from run_blocks where run = 3 and passage = 1"; do
        tamper "$change"
        is "one uid, two contents: $change" 3 $status
        has "both are named: $change" "run 3 of $home/t.db and run 3 of $KVANT_DB" "$err"
    done
    tamper "update runs set uid = null where id = 2"
    has "a run without a uid" "run 2 has no uid" "$err"
    # All or nothing: a new run before one that does not fit, and one whose layers do not.
    tamper "update runs set uid = 'ab' where id = 2; update runs set kld = 9 where id = 3"
    is "nothing of such a shard is there" "$runs" "$("$kvant" runs --limit 0 --json)"
    tamper "pragma ignore_check_constraints = 1; update runs set uid = 'ab' where id = 2;
        update run_layers set stream = 'x' where run = 2 and layer = 0 and stream = 'k'"
    is "layers that are none" 3 $status
    has "and why" "t.db: its content is not what kvant writes" "$err"
    is "leave nothing behind" "$runs" "$("$kvant" runs --limit 0 --json)"
    sqlite3 "$home/foreign.db" 'create table runs (id integer); insert into runs values (1)'
    run merge "$home/foreign.db"
    is "a stranger's database is refused" 3 $status
    # A writer that is at it, and a reader that stands on an old state.
    (
        for i in 1 2 3 4 5 6; do
            "$kvant" run "polar(bits=$i)" "${long[@]}" --passages 3 >/dev/null 2>&1
        done
    ) &
    writer=$!
    run merge "$home/one.db"
    is "merging while another writes" "0 9 new" "$status $(grep -o '9 new' <<<"$out")"
    wait $writer
    is "loses nothing of either" "6 9" "$("$kvant" sql --json 'select count(*) n from v_runs where passages = 3' | jq '.[0].n') $("$kvant" sql --json \
        "select count(*) n from runs where id > $(jq 'map(.id) | max' <<<"$runs") and passages = 12" | jq '.[0].n')"
fi

# ---- engines ----

under() { # SHARD-OF VARIABLES... -- WORDS...
    local expected=$1 set=()
    shift
    while [[ $1 != -- ]]; do set+=("$1") && shift; done
    rm -f "$home"/e.shard-*
    env "${set[@]}" "$kvant" sweep --from "$home/e.jsonl" "${@:2}" >/dev/null 2>"$home/err"
    is "${set[*]} ${*:2}" "0 e.shard-$expected.db" "$? $(cd "$home" && echo e.shard-*.db)"
}
"$kvant" sweep "${long[@]}" --passages 2 f16 q8_0 --plan "$home/e.jsonl" 2>/dev/null
under 1-of-2 KVANT_SHARD=1/2 --
under 2-of-3 KVANT_SHARD=2 KVANT_SHARDS=3 --
under 2-of-4 SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_STEP=2 --
under 3-of-5 HQ_TASK_ID=3 -- --shards 5
under 1-of-5 PBS_ARRAY_INDEX=1 -- --shards 5
under 4-of-6 LSB_JOBINDEX=4 LSB_JOBINDEX_END=6 LSB_JOBINDEX_STEP=1 --
under 2-of-2 PARALLEL_SEQ=2 -- --shards 2
under 1-of-3 FLUX_TASK_RANK=0 FLUX_JOB_SIZE=3 --
under 5-of-9 PARALLEL_SEQ=2 -- --shard 5/9
for engine in slurm hq pbs lsf flux parallel; do
    run sweep --from "$plan" --shards 3 --emit $engine
    has "$engine is told what to run" "$kvant sweep --from $plan" "$out"
done
run sweep --from "$plan" --shards 3 --emit parallel
if command -v parallel >/dev/null; then
    rm -f "$home"/p.shard-*
    bash -c "$out" >/dev/null 2>&1
    is "GNU parallel runs all shards" 3 "$(ls "$home"/p.shard-?-of-3.db | wc -l)"
fi

# ---- what is refused ----

says() { # STATUS PART WORDS...
    run sweep "${@:3}"
    is "status of: ${*:3}" "$1" $status
    has "message of: ${*:3}" "$2" "$err"
    is "one line: ${*:3}" 1 "$(wc -l <<<"$err")"
}
cp "$plan" "$home/elsewhere/p.jsonl"
seq 5 7000 >"$home/other.txt"
says 3 "planned for the model llama.gguf" --from "$plan" --no-shard --model tests/data/arch/qwen2.gguf
has "both hashes are named" "($(sha256sum <tests/data/arch/qwen2.gguf | head -c 16)...)" "$err"
says 3 "planned for the text text" --from "$plan" --no-shard --text "$home/other.txt"
mv "$home/text" "$home/moved"
says 3 "which is not here; --text says where it is" --from "$plan" --no-shard
run sweep --from "$plan" --no-shard --text "$home/moved"
is "a file that has moved is fine" 0 $status
cp "$home/other.txt" "$home/text"
says 3 "planned for the text text" --from "$plan" --no-shard
mv "$home/moved" "$home/text"
says 2 "the plan says what is run" --from "$plan" q8_0
says 2 "the plan says what is run" --from "$plan" --shards 3 --emit slurm q8_0
says 2 "--ctx and --from" --from "$plan" --ctx 128
says 2 "shard 4 of 3" --from "$plan" --shard 4/3
says 2 "--shards N" --from "$plan" --emit slurm
says 2 "add --from PLAN" q8_0 --shard 1/2
PARALLEL_SEQ=1 says 2 "add --shards N" --from "$plan"
sed '3s/polar/turbo/' "$plan" >"$home/bad.jsonl"
says 3 "bad.jsonl:3: the cell" --from "$home/bad.jsonl"
{
    cat "$plan"
    tail -1 "$plan"
} >"$home/bad.jsonl"
says 3 "bad.jsonl:10: one cell more than the 8" --from "$home/bad.jsonl"
head -c -5 "$plan" >"$home/bad.jsonl"
says 3 "bad.jsonl:9: cut short" --from "$home/bad.jsonl"
sed 's/$/\r/' "$plan" >"$home/bad.jsonl"
says 3 "bad.jsonl:1: a carriage return" --from "$home/bad.jsonl"
says 3 "none.jsonl" --from "$home/none.jsonl"

# A text that is sampled: the plan needs no hash of it. A calibration: the very one.
run sweep "${evaluation[@]}" --passages 2 q8_0 --plan "$home/self.jsonl"
run sweep --from "$home/self.jsonl" --shard 1/1
is "a sampled text" "0 self" "$status $("$kvant" runs --db "$home/self.shard-1-of-1.db" --json | jq -r '.[0].text')"
says 2 "planned for text sampled from the model" --from "$home/self.jsonl" --text "$home/text"
shifts=(--plugin "$build/tests/app/plugins/shifts.so")
calibrate=(calibrate --model "$small" --ctx 64 --rows 128 --force)
"$kvant" "${calibrate[@]}" --passages 4 >/dev/null 2>&1
run sweep "${evaluation[@]}" --passages 2 shifts "${shifts[@]}" --plan "$home/c.jsonl"
made=$(head -1 "$home/c.jsonl" | jq -r .calibration)
has "a calibration is part of the plan" "64" "${#made}"
run sweep --from "$home/c.jsonl" --no-shard --db "$home/c.db" "${shifts[@]}"
is "and used" "0 $made" "$status $("$kvant" runs --db "$home/c.db" --json | jq -r '.[] | select(.config == "shifts") | .calibration_hash')"
"$kvant" "${calibrate[@]}" --passages 5 >/dev/null 2>&1
says 3 "planned for the calibration of the model" --from "$home/c.jsonl" --no-shard "${shifts[@]}"
rm -r "$home"/.local/share/kvant/calibrations
says 3 "which is not here; --calibration says where it is" --from "$home/c.jsonl" --no-shard "${shifts[@]}"
run sweep "${evaluation[@]}" --passages 2 f16 shifts "${shifts[@]}" --plan "$home/c.jsonl"
"$kvant" "${calibrate[@]}" --passages 4 >/dev/null 2>&1
run sweep --from "$home/c.jsonl" --no-shard --db "$home/without.db" "${shifts[@]}"
is "a plan without one runs without one, though there is one" "3 f16 identity" \
    "$status $("$kvant" runs --db "$home/without.db" --json | jq -r 'map(.config) | join(" ")')"
has "and says what is missing" "no calibration" "$err"

# A shard that is stopped ends with 75 and keeps what it has. Its last codec never returns.
hang=(--plugin "$build/tests/plugins/bad_hang.so" --timeout 600)
"$kvant" sweep "${long[@]}" --passages 2 'polar(bits=1..4)' bad_hang k=bad_hang "${hang[@]}" --plan "$home/long.jsonl" 2>/dev/null
: >"$home/out" # what was said before is not taken for its words
"$kvant" sweep --from "$home/long.jsonl" --shard 1/2 "${hang[@]}" >"$home/out" 2>/dev/null &
pid=$!
until_true grep -q polar "$home/out"
kill -TERM $pid
wait $pid
is "SIGTERM is 75" 75 $?
has "with what was finished" true "$("$kvant" runs --db "$home/long.shard-1-of-2.db" --json | jq 'length >= 2 and all(.status == "done")')"
finish
