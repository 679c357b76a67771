# screen.bash - what the tests of the screen share: the lab in tmux, real keys, and what is seen.
#
#   source tests/screen/screen.bash KVANT FILL
#   start 80x24 [VARIABLE=VALUE...] [-- ARGUMENT...]   a lab on $KVANT_DB, in the directory $home
#   keys KEY...             as tmux names them; text is typed
#   type TEXT               text as it is, also where tmux has a name for it
#   screen                  what is seen
#   until_shows TEXT        waits for it, at most $patience seconds, and counts as a check; until_gone TEXT
#   until_quiet             the codecs are known and nothing changes any more
#   give COMMAND            on the command line, from a pane
#   until_written FILE      it is there, and the lab has closed it
#   dump NAME [--looks]     the screen as it is now is what golden/NAME.txt says; REGOLD=1 writes that file anew
#   escape                  the key, which whatever comes behind it makes no other key of
#   size 40x10
#   hold lock|alone         another process keeps the database from being written, or even read, until release
#   click BUTTON COLUMN ROW [2]    from 1; 0 is the left one, 64 and 65 the wheel up and down; 2: twice, at once
# shellcheck source=tests/app_face/check.bash
source tests/app_face/check.bash
kvant=$1
# shellcheck disable=SC2034 # the tests call it
fill=$2
command -v tmux >/dev/null || {
    echo "tmux is not here: the screen is not tested"
    exit 77
}
SHELL=$(command -v bash) # tmux runs its command with it
export SHELL KVANT_DB=$home/kvant.db
# A hangup while LeakSanitizer looks around at the end makes both wait for each other, for ever.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
patience=${patience-60} # a loaded machine is slow; what holds is seen at once
socket=$home/tmux
starts=0
tm() { tmux -S "$socket" -f /dev/null "$@" 2>/dev/null; }
trap 'tm kill-server; rm -rf "$home"' EXIT

start() { # WxH...: each has a server of its own, since one that was told to end may take a moment
    local size=$1 variables=()
    shift
    tm kill-server
    starts=$((starts + 1))
    socket=$home/tmux.$starts
    while (($#)) && [[ $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    [[ ${1-} == -- ]] && shift
    cat >"$home/lab" <<EOF
cd "$home"
stty -a >before
sh -c 'echo \$\$ >pid; exec "\$@"' sh "$kvant" $*
status=\$?
stty -a >after
echo "status \$status"
sleep 1000
EOF
    rm -f "$home/pid"
    tm new-session -d -x "${size%x*}" -y "${size#*x}" "env ${variables[*]} bash $home/lab"
}
keys() { tm send-keys "$@"; }
type() { tm send-keys -l "$1"; }
screen() { tm capture-pane -p; }
size() { tm resize-window -x "${1%x*}" -y "${1#*x}"; }
give() {
    keys :
    type "$1"
    keys Enter
}

# A lab that had no time for the key would read it together with the next one, as Alt and that: before a function key it
# is taken for itself. The end of a paste is one that does nothing where none has begun.
escape() { tm send-keys -H 1b 1b 5b 32 30 31 7e; }

# As the protocol that was asked for writes it. A button is held for a moment, as a person does: of a press and
# a release that it reads at once ncurses makes one event, which is neither.
click() {
    local press release
    if [[ $(tm display -p '#{mouse_sgr_flag}') == 1 ]]; then
        press=$'\e[<'"$1;$2;$3M"
        release=${press%M}m
    else
        printf -v press '\e[M%b' "$(printf '\\x%x' $((32 + $1)) $((32 + $2)) $((32 + $3)))"
        printf -v release '\e[M#%b' "$(printf '\\x%x' $((32 + $2)) $((32 + $3)))"
    fi
    if ((${4-1} == 2)); then
        type "$press$release$press$release" # between calls a loaded machine may let half a second pass
        return
    fi
    type "$press"
    (($1 >= 64)) || { sleep 0.1 && type "$release"; }
}

_wait() { # FUNCTION TEXT
    local i
    for ((i = 0; i < patience * 20; i++)); do
        "$1" "$2" && return
        sleep 0.05
    done
    return 1
}
hold() {
    rm -f "$home/held"
    "$fill" "$KVANT_DB" "$1" 1000 >"$home/held" 2>&1 &
    holder=$!
    _wait _there "$home/held"
    has "$1: the database is kept" locked "$(<"$home/held")"
}
release() {
    kill "$holder"
    wait "$holder" 2>/dev/null
}
_there() { [[ -s $1 ]]; }
until_written() { _wait _written "$home/$1"; }
_written() { [[ -s $1 && -z $(find "/proc/$(<"$home/pid")/fd" -lname "$1" 2>/dev/null) ]]; }
_golden=$PWD/tests/screen/golden
dump() {
    until_quiet
    rm -f "$home/screen.txt"
    give "screen-dump screen.txt ${2-}"
    until_written screen.txt
    if [[ -n ${REGOLD-} ]]; then
        cp "$home/screen.txt" "$_golden/$1.txt"
        return
    fi
    checks=$((checks + 1))
    diff -u "$_golden/$1.txt" "$home/screen.txt" >"$home/diff" || _say "$1" "$(<"$home/diff")"
}
_shows() { [[ $(screen) == *"$1"* ]]; }
_lacks() { [[ $(screen) != *"$1"* ]]; }
# What was seen counts, not what the next look finds: the screen may be half drawn then.
until_shows() {
    checks=$((checks + 1))
    _wait _shows "$1" || _say "the screen shows \"$1\"" "$(screen)"
}
until_gone() {
    checks=$((checks + 1))
    _wait _lacks "$1" || _say "the screen shows \"$1\" no more" "$(screen)"
}
_quiet() {
    local now
    [[ -s $home/pid ]] && ! pgrep -P "$(<"$home/pid")" -f 'codecs|describe' >/dev/null || return 1
    now=$(screen)
    sleep 0.25
    [[ $(screen) == "$now" ]]
}
until_quiet() { _wait _quiet ""; }
