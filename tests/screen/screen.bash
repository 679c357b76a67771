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
#   escape                  the key, with nothing right behind it: that would be another key
#   size 40x10
#   click BUTTON COLUMN ROW    from 1; 0 is the left one, 64 and 65 the wheel up and down
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
patience=${patience-20}
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

escape() {
    keys Escape
    sleep 0.1
}

click() { # as the protocol that was asked for writes it
    if [[ $(tm display -p '#{mouse_sgr_flag}') == 1 ]]; then
        type $'\e[<'"$1;$2;${3}M"
        (($1 >= 64)) || type $'\e[<'"$1;$2;${3}m"
    else
        type "$(printf '\e[M\\x%x\\x%x\\x%x' $((32 + $1)) $((32 + $2)) $((32 + $3)) | xargs -0 printf %b)"
        (($1 >= 64)) || type "$(printf '\e[M\\x%x\\x%x\\x%x' 35 $((32 + $2)) $((32 + $3)) | xargs -0 printf %b)"
    fi
}

_wait() { # FUNCTION TEXT
    local i
    for ((i = 0; i < patience * 20; i++)); do
        "$1" "$2" && return
        sleep 0.05
    done
    return 1
}
_shows() { [[ $(screen) == *"$1"* ]]; }
_lacks() { [[ $(screen) != *"$1"* ]]; }
# What was seen counts, not what the next look finds: the screen may be half drawn then.
until_shows() {
    checks=$((checks + 1))
    _wait _shows "$1" || _say "the screen shows" "  no \"$1\" in: $(screen)"
}
until_gone() {
    checks=$((checks + 1))
    _wait _lacks "$1" || _say "the screen shows no more" "  \"$1\" in: $(screen)"
}
_quiet() {
    local now
    [[ -s $home/pid ]] && ! pgrep -P "$(<"$home/pid")" -f 'codecs|describe' >/dev/null || return 1
    now=$(screen)
    sleep 0.25
    [[ $(screen) == "$now" ]]
}
until_quiet() { _wait _quiet ""; }
