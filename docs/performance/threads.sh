#!/usr/bin/env bash
# What threads bring to what takes long: principal directions, k-means, Viterbi, calibration. One thread against N, in
# turns, as ratios of medians.
#   usage: docs/performance/threads.sh [KVANT [THREADS [REPETITIONS]]]
#
# Codecs are timed on a capture made before: what `kvant offline` takes with the codec at work, less what it takes with
# f16 in its place. "Alone" configs have one codec at work per layer, in one block of all rows: nothing but its own parts
# is there to be shared out. Of `kvant calibrate` all counts but its text, which was sampled before.
set -eu
kvant=${1:-build/kvant} threads=${2:-2} repetitions=${3:-3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home XDG_CACHE_HOME=$home/cache XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state
unset KVANT_DB
TIMEFORMAT=%R

calibrate_seconds() { # THREADS
    { time "$kvant" calibrate --passages 2 --ctx 1024 --threads "$1" --force --output "$home/c" >/dev/null 2>&1; } 2>&1
}
offline_seconds() { # THREADS CONFIG WORDS...
    { time "$kvant" offline "$2" "$home/rows" --queries 1 --threads "$1" "${@:3}" >/dev/null 2>&1; } 2>&1
}
median() { sort -g | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }

# In turns: one thread, N threads, and, where there is a command for it, both without what is to be measured.
compare() { # NAME PLAIN COMMAND...
    local i n
    rm -f "$home"/t.*
    "${@:3:1}" "$threads" "${@:4}" >/dev/null
    for ((i = 0; i < repetitions; i++)); do
        for n in 1 "$threads"; do
            "${@:3:1}" "$n" "${@:4}" >>"$home/t.$n"
            # shellcheck disable=SC2086 # words of a command
            if [ -n "$2" ]; then offline_seconds "$n" $2 >>"$home/t.plain$n"; else echo 0 >>"$home/t.plain$n"; fi
        done
    done
    awk -v w="$1" -v a="$(median <"$home/t.1")" -v b="$(median <"$home/t.$threads")" \
        -v c="$(median <"$home/t.plain1")" -v d="$(median <"$home/t.plain$threads")" \
        'BEGIN { printf "%-46s %10.3f %10.3f %8.2f\n", w, a - c, b - d, (a - c) / (b - d) }'
}
codec() { # NAME CONFIG WORDS...
    compare "$1" "f16 ${*:3}" offline_seconds "${@:2}"
}

"$kvant" capture --passages 2 --ctx 1024 -o "$home/rows" >/dev/null 2>&1
printf '%-46s %10s %10s %8s\n' what '1 thread s' "$threads threads" ratio
compare 'kvant calibrate' '' calibrate_seconds
codec 'directions of many groups: kakeya' kakeya
codec 'of one: alone, no centres' 'k=kakeya(block=1024,pool=layer,centres=0) v=f16'
codec 'sketched: alone, pca=rsvd, no centres' 'k=kakeya(block=1024,pool=layer,centres=0,pca=rsvd) v=f16'
codec 'k-means: alone, 64 centres, rank 8' 'k=kakeya(block=2048,pool=layer,centres=64,rank=8) v=f16'
codec 'k-means: alone, 64 centres, all directions' 'k=kakeya(block=2048,pool=layer,centres=64) v=f16'
codec 'Viterbi: tcq(states=8)' 'tcq(states=8)'
codec 'Viterbi: alone, k=tcq(states=9)' 'k=tcq(states=9) v=f16'
codec 'a codec calibrates: kakeya(codebook=calibrated)' 'kakeya(codebook=calibrated)' --calibrate-rows
codec 'k=qprecond(kakeya(codebook=calibrated))' 'k=qprecond(kakeya(codebook=calibrated)) v=f16' --calibrate-rows
codec 'riemann_besi(codebook=calibrated)' 'riemann_besi(codebook=calibrated)' --calibrate-rows
