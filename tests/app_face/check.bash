# check.bash - the few words the shell tests of this folder share.
#
#   is WHAT EXPECTED ACTUAL        equal texts
#   has WHAT PART TEXT             TEXT contains PART
#   lacks WHAT PART TEXT
#   listens PID                    waits until kvant watches its signals: from then on they end it in good order
#   hangs PID                      whether it is in the codec bad_hang, which does not return
#   finish                         exit 0 when all held; else what did not is named once more, last
set -u
failures=0
checks=0
failed=()

_say() { # WHAT TEXT...
    failures=$((failures + 1))
    failed+=("line ${BASH_LINENO[-2]}: $1")
    printf 'FAILED, line %d: %s\n' "${BASH_LINENO[-2]}" "$1"
    printf '%s\n' "${@:2}" | _cut 40
}
_cut() { # LINES: so many, of 100 columns, none blank: whole screens would push everything else out of a log
    local line n=0
    while IFS= read -r line; do
        [[ $line == *[![:space:]]* ]] || continue
        ((n++ < $1)) || break
        line=${line:0:100}
        printf '    %s\n' "${line%"${line##*[![:space:]]}"}"
    done
}
is() {
    checks=$((checks + 1))
    [[ $2 == "$3" ]] || _say "$1" "  expected: $2" "  actual:   $3"
}
has() {
    checks=$((checks + 1))
    [[ $3 == *"$2"* ]] || _say "$1" "  no \"$2\" in: $3"
}
lacks() {
    checks=$((checks + 1))
    [[ $3 != *"$2"* ]] || _say "$1" "  \"$2\" in: $3"
}
listens() { # SIGWINCH (bit 27) is the last that kvant watches, and a shell that is about to become kvant does not catch it
    local i caught
    for ((i = 0; i < 1200; i++)); do
        caught=$(sed -n 's/^SigCgt:\s*//p' "/proc/$1/status" 2>/dev/null)
        ((16#${caught:-0} & 1 << 27)) && return
        sleep 0.05
    done
}
hangs() { grep -qx bad_hang "/proc/$1"/task/*/comm 2>/dev/null; }
finish() {
    printf '%d checks, %d failed\n' "$checks" "$failures"
    ((failures == 0)) || printf '%s\n' "${failed[@]}" | _cut 20
    ((failures == 0))
    exit
}

# A home of its own, so that no test meets the person's files.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home LC_ALL=C.UTF-8 TERM=xterm
unset XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME NO_COLOR COLUMNS LINES KVANT_DB KVANT_MODEL
