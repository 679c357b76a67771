#!/usr/bin/env bash
# What threads bring to codecs that take long and to calibration: one thread against N, in turns, as ratios of medians.
#   usage: docs/performance/threads.sh [KVANT [THREADS [REPETITIONS]]]
#
# Of a run the codecs' phase counts (--timing: seconds that passed in it), of `kvant calibrate` all of it, its text
# sampled before. "alone" configs have one codec at work per layer: what others do not use is spread (app/spare.h).
set -eu
kvant=${1:-build/kvant} threads=${2:-2} repetitions=${3:-3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home XDG_CACHE_HOME=$home/cache XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state
unset KVANT_DB
TIMEFORMAT=%R

codec_seconds() { # THREADS CONFIG
    # shellcheck disable=SC2086 # a config's words
    "$kvant" run $2 --protocol snapshot --ctx 1024 --passages 2 --threads "$1" --timing --json --db "$home/db" \
        2>&1 >/dev/null | sed -n 's/.*"codecs":{"worked":[^,]*,"passed":\([^}]*\)}.*/\1/p'
}
calibrate_seconds() { # THREADS
    { time "$kvant" calibrate --passages 4 --ctx 1024 --threads "$1" --force --output "$home/c" >/dev/null 2>&1; } 2>&1
}
median() { sort -g | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }

printf '%-44s %10s %10s %8s\n' what '1 thread s' "$threads threads" ratio
compare() { # NAME COMMAND...
    "${@:2:1}" "$threads" "${@:3}" >/dev/null
    rm -f "$home/one" "$home/many"
    for ((i = 0; i < repetitions; i++)); do
        "${@:2:1}" 1 "${@:3}" >>"$home/one"
        "${@:2:1}" "$threads" "${@:3}" >>"$home/many"
    done
    awk -v w="$1" -v a="$(median <"$home/one")" -v b="$(median <"$home/many")" \
        'BEGIN { printf "%-44s %10.3f %10.3f %8.2f\n", w, a, b, a / b }'
}
compare calibrate calibrate_seconds
for config in tcq 'tcq(states=12)' kakeya 'k=kakeya(pool=layer) v=f16' 'k=tcq v=f16'; do
    compare "$config" codec_seconds "$config"
done
