# report.bash - what the tests of reports share.
#
#   source tests/page/report.bash KVANT FILL      a program, and what fills databases (fill.c)
#   fill NAME WORDS...       makes $home/NAME.db
#   run WORDS...             kvant; stdout in $out, stderr in $err, status in $status
# shellcheck source=tests/app_face/check.bash
source tests/app_face/check.bash
kvant=$1
fill=$2
command -v jq >/dev/null || {
    echo "jq is not here: reports cannot be compared with the database"
    exit 77
}

fill() {
    "$fill" "$home/$1.db" "${@:2}" || _say "the database $1 could not be filled"
}

run() {
    "$kvant" "$@" >"$home/out" 2>"$home/err"
    status=$?
    out=$(<"$home/out")
    err=$(<"$home/err")
}
