# check.bash - the few words the shell tests of this folder share.
#
#   is WHAT EXPECTED ACTUAL        equal texts
#   has WHAT PART TEXT             TEXT contains PART
#   lacks WHAT PART TEXT
#   finish                         exit 0 when all held
set -u
failures=0
checks=0

_say() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$@"
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
finish() {
    printf '%d checks, %d failed\n' "$checks" "$failures"
    ((failures == 0))
    exit
}

# A home of its own, so that no test meets the person's files.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home LC_ALL=C.UTF-8 TERM=xterm
unset XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME NO_COLOR COLUMNS LINES KVANT_DB KVANT_MODEL
