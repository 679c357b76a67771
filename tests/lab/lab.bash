# lab.bash - what the end-to-end tests of the lab share: a program, a small model, a home of its own.
#
#   source tests/lab/lab.bash KVANT BUILD_DIR
#   run WORDS...            kvant with the small model; stdout in $out, stderr in $err, status in $status
#   until_true COMMAND...   tries it for two minutes at most
#   metrics JSON            what must be equal in two runs of one thing: everything but times and numbers of rows
# shellcheck source=tests/app_face/check.bash
source tests/app_face/check.bash
kvant=$1
build=$2
command -v jq >/dev/null || {
    echo "jq is not here: the lab's JSON cannot be tested"
    exit 77
}
small=tests/data/arch/llama.gguf
evaluation=(--model "$small" --ctx 64 --eval 17)

run() {
    "$kvant" "$@" >"$home/out" 2>"$home/err"
    status=$?
    out=$(<"$home/out")
    err=$(<"$home/err")
}

until_true() {
    local _
    for _ in $(seq 2400); do
        "$@" && return 0
        sleep 0.05
    done
    echo "waited in vain for: $*"
    return 1
}

evaluate() { # CONFIG WORDS..., on 2 threads and 4 passages unless $threads says otherwise
    run run "$1" "${evaluation[@]}" --passages 4 --threads "${threads-2}" --json "${@:2}"
}

metrics() {
    jq -cS 'del(.id, .started, .finished, .wall_s, .encode_gbs, .decode_gbs, .ms_per_token, .peak_rss_bytes, .threads)' <<<"$1"
}
