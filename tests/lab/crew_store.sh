#!/usr/bin/env bash
# Nothing that is finished is lost: the sweep killed or stopped, two of them, a locked database, a full disk.
# usage: crew_store.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source tests/lab/lab.bash "$1" "$2"
# shellcheck source=tests/lab/crew.bash
source tests/lab/crew.bash
many=('polar(bits=1..6)' q8_0 q4_0 turbo3 'k=q8_0 v=turbo3')
# What never comes to its end by itself.
endless=(bad_hang k=bad_hang --plugin "$build/tests/plugins/bad_hang.so" --timeout 600)

# ---- the sweep is killed, and started again ----

begin "${long[@]}" --passages 40 "${many[@]}" "${endless[@]}" --jobs 2 --db "$home/half.db"
until_true grep -q '"event":"whole".*"done":3' "$home/events"
workers=$(pgrep -P "$sweep")
kill -9 "$sweep"
{ wait "$sweep"; } 2>/dev/null
gone() {
    local w
    for w in $workers; do
        [[ $(ps -o stat= -p "$w") == [RSDT]* ]] && return 1
    done
    return 0
}
has "it had workers" "[1-9]" "$([[ $workers == *[1-9]* ]] && echo '[1-9]')"
until_true gone
is "kill -9 takes them along" "" "$(gone || echo "$workers")"
finished=$("$kvant" runs --db "$home/half.db" --limit 0 --json | jq length)
has "what was finished is there" true "$( ((finished >= 3)) && echo true)"
run sweep "${long[@]}" --passages 40 "${many[@]}" --jobs 2 --db "$home/half.db"
is "it goes on" 0 $status
has "with the rest" "$((finished - 1)) already there" "$err"
run sweep "${long[@]}" --passages 40 "${many[@]}" --db "$home/whole.db"
is "and the rows are those of a sweep that was left alone" "$(rows "$home/whole.db")" "$(rows "$home/half.db")"

# Stopped in good order: 75, and what is finished stays.
begin "${long[@]}" --passages 40 "${many[@]}" "${endless[@]}" --jobs 2 --db "$home/asked.db"
until_true grep -q '"event":"whole"' "$home/events"
kill -TERM "$sweep"
ends
is "SIGTERM is 75" "75 true" "$status $("$kvant" runs --db "$home/asked.db" --json | jq 'all(.status == "done")')"

# ---- two sweeps on one database ----

"$kvant" sweep "${long[@]}" --passages 30 "${many[@]}" --db "$home/two.db" --jobs 2 >/dev/null 2>"$home/other" &
other=$!
run sweep "${long[@]}" --passages 30 "${many[@]}" --db "$home/two.db" --jobs 2
wait $other
is "two sweeps on one database" "0 0 11" "$? $status $(rows "$home/two.db" | wc -l)"

# ---- a database that others keep ----

mkfifo "$home/fifo"
hold() { # until released; whoever is started meanwhile must not have the pipe (8>&-)
    sqlite3 "$home/locked.db" <"$home/fifo" >"$home/held" 2>/dev/null &
    holder=$!
    exec 8>"$home/fifo"
    echo "begin immediate; select 'held';" >&8
    until_true grep -q held "$home/held"
}
release() {
    exec 8>&-
    wait $holder
}
if command -v sqlite3 >/dev/null; then
    run run identity "${long[@]}" --passages 4 --db "$home/locked.db"
    hold
    begin "${long[@]}" --passages 4 q8_0 q4_0 --jobs 2 --db "$home/locked.db" 8>&-
    until_true grep -q 'keeps the database locked' "$home/err"
    release
    ends
    is "locked for longer than SQLite waits, all is stored" "0 4" "$status $("$kvant" runs --db "$home/locked.db" --json | jq length)"
    has "and it was said" "another process keeps the database locked; the result of identity waits" "$err"
    hold
    begin "${long[@]}" --passages 4 q8_0 --db "$home/locked.db" 8>&-
    until_true grep -q 'keeps the database locked' "$home/err"
    kill -INT "$sweep"
    kill -TERM "$sweep"
    ends
    is "Ctrl-C works meanwhile" 75 $status
    has "and what is lost is named" "the result of identity is lost" "$err"
    release
fi

# ---- a full disk ----

full() { # WHAT DATABASE REASON
    is "$1: status 3" 3 $status
    has "$1: why" "$3" "$err"
    has "$1: what is lost" "is lost" "$err"
    is "$1: the database is whole" ok "$("$kvant" sql --db "$2" --json 'pragma integrity_check' | jq -r '.[0].integrity_check')"
    has "$1: what was finished stays" true "$("$kvant" runs --db "$2" --limit 0 --json | jq 'length > 0 and all(.status == "done")')"
}
(
    trap '' XFSZ
    ulimit -f 300
    "$kvant" sweep "${long[@]}" --passages 40 "${many[@]}" --no-cache --jobs 2 --db "$home/full.db" >/dev/null 2>"$home/err"
    echo $? >"$home/full.status"
)
status=$(<"$home/full.status") err=$(<"$home/err")
full "a file that may not grow" "$home/full.db" "writing the file failed"
mkdir "$home/small"
if ((EUID == 0)) && mount -t tmpfs -o size=400k none "$home/small" 2>/dev/null; then
    trap 'umount "$home/small"; rm -rf "$home"' EXIT
    run sweep "${long[@]}" --passages 40 "${many[@]}" --jobs 2 --db "$home/small/full.db"
    full "a disk that is full" "$home/small/full.db" "the disk is full"
else
    echo "a disk of its own cannot be mounted here: only a limit on files was tried"
fi
finish
