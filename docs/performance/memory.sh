#!/usr/bin/env bash
# What runs hold at most, beside what they must: the rows of the table in memory.md.
#   usage: docs/performance/memory.sh BUILD_DIR [MODEL,PROTOCOL,CTX...]       MODEL: long or two
#   without names: all of them, five minutes on two quiet cores; RSS does not suffer from other work
set -euo pipefail
build=$1
shift
((${#})) || set -- two,snapshot,1024 two,stream,1024 long,snapshot,8192 long,stream,8192 long,snapshot,32768 long,stream,32768
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export HOME=$dir KVANT_DB=$dir/db XDG_CACHE_HOME=$dir/cache
"$build/tests/lab/random_model" "$dir/long.gguf" layers=6 embd=256 ff=512 heads=4 kv=4 vocab=151936 ctx=32768
"$build/tests/lab/random_model" "$dir/two.gguf" layers=2 embd=896 ff=4864 heads=14 kv=2 vocab=151936 ctx=32768
for _ in 1 2 3 4 5 6 7 8; do cat README.md docs/*.md; done >"$dir/text"

peak() { # MODEL PROTOCOL CTX: MiB at most, the parts, the quotient
    # Runs of the same words are found again by the lab, so each has a database of its own.
    rm -f "$KVANT_DB"
    "$build/kvant" run q8_0 --model "$dir/$1.gguf" --text "$dir/text" --protocol "$2" --ctx "$3" --eval 256 --passages 1 \
        --timeout 3600 --timing 2>&1 >"$dir/out" |
        sed -nE 's/^memory: ([0-9.]+) MiB at most, ([0-9.]+) times.*weights ([0-9.]+),[^0-9]*32 ([0-9.]+),[^0-9]*([0-9.]+)\).*/\1 \3 \4 \5 \2/p' |
        awk '{ printf "%.0f %.0f %s\n", $1, $2 + $3 + $4, $5 }'
}

echo '| model, protocol, ctx | MiB | with a kept reference | parts | MiB / parts |'
echo '|---|---|---|---|---|'
for row; do
    IFS=, read -r model protocol ctx <<<"$row"
    read -r computed parts quotient <<<"$(peak "$model" "$protocol" "$ctx")"
    read -r kept _ <<<"$(peak "$model" "$protocol" "$ctx")"
    echo "| $model, $protocol, $ctx | $computed | $kept | $parts | $quotient |"
done
