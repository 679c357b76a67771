#!/usr/bin/env bash
# What a sweep of 24 configs costs beside 24 runs that each start over (text sampled, reference computed anew), and where
# the sweep's time goes.   usage: docs/performance/sweep.sh [KVANT [PASSAGES [STARTED_OVER]]]
#
# STARTED_OVER configs (default 3) are run with --no-cache and counted 24/STARTED_OVER times. The sweeps begin with
# nothing kept, so the one sampling (in snapshot's, the first), a reference for each protocol and the identity they begin
# with are in their time.
# Processor seconds (user and system, of all processes) stand beside seconds that passed: on a busy machine only the
# former mean something.
set -eu
kvant=${1:-build/kvant} passages=${2:-32} started_over=${3:-3}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home XDG_CACHE_HOME=$home/cache XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state
unset KVANT_DB
configs=(f16 q8_0 q5_0 q5_1 q4_0 q4_1 turbo2 turbo3 turbo4 'polar(bits=1)' 'polar(bits=2)' 'polar(bits=3)' 'polar(bits=4)'
    'polar(bits=5)' 'polar(bits=6)' 'rotate(q4_0)' 'rotate(q8_0)' 'k=q8_0 v=turbo3' 'k=q8_0 v=turbo4' 'k=turbo4 v=q8_0'
    'k=q8_0 v=q4_0' 'k=q4_0 v=q8_0' 'k=turbo3 v=turbo2' 'k=q8_0 v=polar')
TIMEFORMAT='%R %U %S'

# Runs "$@" and sets `passed` and `worked`.
timed() {
    local times
    times=$({ time "$@" >/dev/null 2>"$home/err"; } 2>&1) || { cat "$home/err" >&2; exit 1; }
    read -r passed worked < <(awk '{ print $1, $2 + $3 }' <<<"$times")
}

row() { awk -v p="$1" -v sp="$2" -v sw="$3" -v rp="$4" -v rw="$5" 'BEGIN {
    printf "%-9s %10.1f %10.1f %12.1f %12.1f %10.1f %10.1f\n", p, sw, sp, rw, rp, rw / sw, rp / sp }'; }

printf '%-9s %10s %10s %12s %12s %10s %10s\n' protocol 'sweep CPU' 'sweep s' '24 runs CPU' '24 runs s' 'CPU ratio' 's ratio'
sums=(0 0 0 0)
for protocol in snapshot stream; do
    options=(--protocol "$protocol" --ctx 1024 --passages "$passages" --db "$home/$protocol.db")
    timed "$kvant" sweep "${configs[@]}" "${options[@]}" --timing
    sed -n '/where the time went/,$p' "$home/err" >"$home/$protocol.timing"
    sweep=("$passed" "$worked") runs=(0 0)
    for ((i = 0; i < started_over; i++)); do
        # shellcheck disable=SC2086 # a config's words
        timed "$kvant" run ${configs[(i * 24 / started_over + 1) % 24]} "${options[@]}" --no-cache
        read -ra runs < <(awk -v a="${runs[0]}" -v b="${runs[1]}" -v p="$passed" -v w="$worked" -v n="$started_over" \
            'BEGIN { print a + p * 24 / n, b + w * 24 / n }')
    done
    row "$protocol" "${sweep[@]}" "${runs[@]}"
    read -ra sums < <(awk -v a="${sums[*]}" -v b="${sweep[*]} ${runs[*]}" 'BEGIN {
        split(a, x); split(b, y); print x[1] + y[1], x[2] + y[2], x[3] + y[3], x[4] + y[4] }')
done
row both "${sums[@]}"
for protocol in snapshot stream; do
    printf '\n%s: ' "$protocol"
    cat "$home/$protocol.timing"
done
