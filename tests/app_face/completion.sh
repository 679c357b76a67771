#!/usr/bin/env bash
# The completion script, as bash would call it.   usage: completion.sh KVANT
# shellcheck source=tests/app_face/check.bash
source "$(dirname "$0")/check.bash"
kvant=$1
"$kvant" completion bash >"$home/kvant.bash"
if command -v shellcheck >/dev/null; then
    is "shellcheck has no complaint" "" "$(shellcheck "$home/kvant.bash" 2>&1)"
fi
# shellcheck disable=SC1091 # made above
source "$home/kvant.bash"
# shellcheck disable=SC2317 # called by the script
compopt() { :; } # only allowed while bash itself completes

offers() { # EXPECTED WORDS... the last is being typed
    local expected=$1
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _kvant "$kvant" "${COMP_WORDS[COMP_CWORD]}"
    is "completing: $*" "$expected" "${COMPREPLY[*]}"
}
offers "run runs" kvant ru
offers "--protocol" kvant run --prot
offers "stream snapshot" kvant run --protocol s
offers "stream snapshot" kvant run -p ""
offers "snapshot" kvant run --protocol = sn
offers "turbo2 turbo3 turbo4" kvant run tur
offers "turbo2 turbo3 turbo4" kvant run --ctx 512 tur
offers "turbo2 turbo3 turbo4" kvant run k = tur
offers "q4_0 q8_0" kvant run k = turbo4 v = q
offers "roundtrip run recipe runs" kvant help r
offers "bash" kvant completion ""
offers "--version" kvant --v
offers "" kvant worker ""
touch "$home/a.gguf" "$home/a.txt"
offers "$home/a.gguf" kvant inspect "$home/a"
offers "$home/a.gguf" kvant run --model "$home/a"
finish
