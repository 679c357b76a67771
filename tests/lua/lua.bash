# lua.bash - what the tests of recipes in Lua share.
#
#   source tests/lua/lua.bash KVANT BUILD_DIR
#   recipe TEXT WORDS...      runs the text as a recipe with the small model; $out, $err and $status as run has them
#   says WHAT PART            the recipe ended with 0 and stdout contains PART
#   fails WHAT STATUS PART    it ended with this status and stderr contains PART
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"

recipe() {
    printf '%s\n' "$1" >"$home/r.lua"
    (cd "$home" && exec "$kvant" recipe r.lua "${settings[@]}" "${@:2}" >"$home/out" 2>"$home/err")
    status=$?
    out=$(<"$home/out")
    err=$(<"$home/err")
}
says() {
    is "$1" 0 $status
    has "$1" "$2" "$out"
}
fails() {
    is "$1" "$2" $status
    has "$1" "$3" "$err"
}
small=$PWD/$small
evaluation=(--model "$small" --ctx 64 --eval 17)
settings=("${evaluation[@]}" --passages 4 --threads 1)
kvant=$(realpath "$kvant")
