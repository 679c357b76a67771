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
offers "run runs" kvant help ru
# inside configs, as bash splits them and in a quote that is open
offers "polar(bits=" kvant run "'polar(b"
offers "polar(bits=1 polar(bits=1) polar(bits=1," kvant run "'polar(bits=1"
offers "k=q8_0 v=turbo2 k=q8_0 v=turbo3 k=q8_0 v=turbo4" kvant run "'k=q8_0 v=tur"
offers "v=" kvant run k = turbo4 v
offers "turbo2 turbo3 turbo4" kvant run turbo4 @0-1 : k = tur
offers "q8_0,k=" kvant run v = q4_0 @0-1 : v = q8_0,k
offers "pre post" kvant run turbo4 rope = ""
offers "turbo4,q4_0 turbo4,q8_0" kvant sweep --k turbo4,q
offers "" kvant run k = nonsense v = tur
offers "rotate(" kvant roundtrip rot
offers "bash" kvant completion ""
offers "rows dim bits context vocabulary runs all" kvant growth ""
offers "vocabulary" kvant growth --reps 6 v
offers "polar" kvant growth rows pol
offers "h1 h2 h3 h4 h5 h6 h7" kvant paper k1 h
offers "--version" kvant --v
offers "" kvant worker ""
# What the script asks a running kvant for is something that it can be asked for.
kinds=$(sed -n "s/.*) echo \([a-z]*\) ;;$/\1/p" "$home/kvant.bash" | sort -u | grep -vxE 'none|command|file|model|config|expression')
has "names of runs are asked for" "run" "$kinds"
for kind in $kinds; do
    "$kvant" names --kind "$kind" >/dev/null 2>&1
    is "names of kind $kind" 0 $?
done
touch "$home/a.gguf" "$home/a.txt"
offers "$home/a.gguf" kvant inspect "$home/a"
offers "$home/a.gguf" kvant run --model "$home/a"
finish
