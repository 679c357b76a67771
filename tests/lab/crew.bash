# crew.bash - what the tests of sweeps with several workers share; source lab.bash first.
#
#   begin WORDS...           a sweep in the background, $sweep, that tells its events to $home/events
#   ends                     waits for it: $status, $out, $err
#   at_work LABEL FILTER     whether a worker of this config said so; $pid
#   rows DATABASE            what must be equal in two sweeps: one line for each config
seq 1 6000 >"$home/text"
long=("${evaluation[@]}" --text "$home/text")

begin() {
    # Emptied here, since the sweep comes to it a moment later: what an earlier one said is not taken for its words.
    : >"$home/events" >"$home/out" >"$home/err"
    pid=0
    KVANT_EVENTS=9 "$kvant" sweep "$@" 9>"$home/events" >"$home/out" 2>"$home/err" &
    sweep=$!
}

ends() {
    wait "$sweep"
    status=$?
    out=$(<"$home/out")
    err=$(<"$home/err")
}

at_work() {
    pid=$(jq -r --arg l "$1" "select(.event == \"worker\" and .label == \$l and ($2)) | .pid" "$home/events" 2>/dev/null | tail -1)
    [[ -n $pid ]]
}

rows() {
    "$kvant" runs --db "$1" --limit 0 --json |
        jq -cS '[.[] | del(.id, .uid, .pinned, .started, .finished, .wall_s, .encode_gbs, .decode_gbs, .ms_per_token,
                           .peak_rss_bytes, .threads)] | unique_by(.config) | .[]'
}
