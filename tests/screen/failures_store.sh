#!/usr/bin/env bash
# A database that others keep, a disk that is full, and two labs on one database that see each other:
# what is finished stays.
# usage: failures_store.sh KVANT FILL BUILD_DIR
if ((EUID == 0)) && [[ -z ${own_mounts-} ]] && unshare -m true 2>/dev/null; then
    own_mounts=1 exec unshare -m bash "$0" "$@" # so that a small disk can be had, which goes with the test
fi
# shellcheck source=tests/screen/screen.bash
source tests/screen/screen.bash "$1" "$2"
# shellcheck source=tests/screen/misfortune.bash
source tests/screen/misfortune.bash "$@"
# ---- another process keeps the database ----

begin
order "run identity"
until_true has_runs 1 "status = 'done'"
hold lock
order "sweep q8_0 q4_0 --jobs 2"
says "another process keeps the database locked; the result of"
until_shows "waiting for the database"
answers
release
says "3 run, 0 already there, 0 failed"
is "all of it is stored" 4 "$(runs "status = 'done'")"

# for longer than anyone waits: what is lost is said, and the lab goes on
hold lock
order "sweep q5_0 --force"
says "another process keeps the database locked; the result of"
keys C-c
until_true no_command
says "is lost"
answers
leaves
# a lab that is started while even reading is refused
release
hold alone
start 300x50
until_shows "database:"
until_shows "kvant: $KVANT_DB: opening the database: another process keeps it locked"
answers
release
until_gone "  database: "
until_shows "the database can be read again"
until_shows "1.882"
leaves

# ---- the disk is full ----

mkdir "$home/small"
if mount -t tmpfs -o size=600k none "$home/small" 2>/dev/null; then
    export KVANT_DB=$home/small/kvant.db
    begin
    order "run identity"
    until_true has_runs 1 "status = 'done'"
    dd if=/dev/zero of="$home/small/rest" bs=1k 2>/dev/null
    order "sweep q8_0 q4_0 --passages 80 --jobs 2"
    until_true no_command
    says "full"
    says "is lost"
    answers
    rm "$home/small/rest"
    is "what was finished stays" 1 "$(runs "status = 'done'")"
    order "sweep q8_0 --passages 80"
    says "2 run, 0 already there, 0 failed"
    leaves
    dd if=/dev/zero of="$home/small/rest" bs=1k 2>/dev/null
    start 300x50 # with everything it might write there
    until_shows "1.882"
    answers
    leaves
    rm -f "$home"/small/kvant.db*
    dd if=/dev/zero of="$home/small/rest" bs=1k 2>/dev/null
    start 300x50 "HOME=$home/small"
    until_shows "No runs yet"
    order "run q8_0 --ctx 64 --eval 17 --passages 4"
    until_true no_command
    says "full"
    answers
    leaves
    umount "$home/small"
    export KVANT_DB=$home/kvant.db
else
    echo "no disk of its own can be mounted here: what a full one does is not tested"
fi

# ---- two labs on one database ----

export KVANT_DB=$home/two.db
"$fill" "$KVANT_DB" || exit 1
begin
tm new-window "cd $home; '$kvant'; sleep 1000"
seen() { [[ $(tm capture-pane -p -t "$1") == *"$2"* ]]; }
until_true seen :1 "turbo4 @0:q8_0"
tm select-window -t :0
now() { date +%s%N; }
ms() { echo $((($2 - $1) / 1000000)); }
both() { # TEXT WHAT SINCE
    local at=(0 0) i w
    for ((i = 0; i < patience * 50; i++)); do
        for w in 0 1; do ((at[w])) || { seen :$w "$1" && at[w]=$(now); }; done
        ((at[0] && at[1])) && break
        sleep 0.02
    done
    has "$2: the first lab shows it" "$1" "$(tm capture-pane -p -t :0)"
    has "$2: so does the second" "$1" "$(tm capture-pane -p -t :1)"
    echo "$2: seen after $(ms "$3" "${at[0]}") and $(ms "$3" "${at[1]}") ms"
}
since=$(now)
"$fill" "$KVANT_DB" one
both "q5_1" "a run of another process" "$since"
order "run f16"
since=$(now)
until_true has_runs 20 "id > 0"
both "2.000" "a run made in the first lab" "$since"
finish
