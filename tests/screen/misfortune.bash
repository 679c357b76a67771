# misfortune.bash - what the tests of failures in the lab share; source screen.bash first, with KVANT FILL BUILD_DIR.
#
#   begin [VARIABLE=VALUE...]   a lab with short passages of a small model set: a run takes a tenth of a second or more
#   lab                         its process;  sweep: the newest command's that runs in it
#   ours                        the processes of this program in this test's home, one a line
#   work_on PART                a worker that has this plugin in its memory: $worker
#   until_true COMMAND...       until_false COMMAND...: waits for it, at most $patience seconds
#   runs WHERE                  how many rows of the database are so
#   reason CONFIG               why its last run failed
#   order COMMAND               gives it;  says SENTENCE: it is seen behind the command
#   answers                     the screen still does what it is told
#   gone_well                   it has left, no process is there any more, and the terminal is as it was
#   leaves                      by Q, and gone_well
build=$3
bad=$build/tests/plugins
export KVANT_MODEL=$PWD/tests/data/arch/llama.gguf
seq 1 30000 >"$home/text"

begin() {
    start 300x50 "$@"
    until_shows "4 log"
    [[ $(screen) == *"4 log"* ]] || finish # without a screen nothing further can hold
    local setting
    for setting in "ctx 64" "eval 17" "passages 60" "threads 1" "timeout 30" "text $home/text"; do
        escape
        give "set $setting"
    done
    until_shows "> set text"
    until_shows "text $home"
}
lab() { cat "$home/pid"; }
sweep() { pgrep -P "$(lab)" -n -f -- ' -c '; }

# By the environment they were started with, so that no other test is meant.
ours() {
    local file pid
    grep -lzxF "HOME=$home" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do
        [[ $pid != self && $(readlink "/proc/$pid/exe") == "$kvant"* ]] && echo "$pid"
    done
}
nothing_left() { [[ -z $(ours) ]]; }

work_on() { # PART, a codec's name; bad_hang is also waited for until it is at work
    until_true _works_on "$1"
    [[ $1 == bad_hang ]] || return
    until_true _evaluates
    until_true hangs "$worker"
}
_evaluates() { screen | grep -q 'bad_hang .*evaluating'; }
_works_on() {
    local file pid
    for pid in $(ours); do
        [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == *" worker "* ]] && grep -q "$1" "/proc/$pid/maps" && worker=$pid && return
    done 2>/dev/null
    return 1
}
until_true() {
    local i
    for ((i = 0; i < patience * 20; i++)); do
        "$@" && return
        sleep 0.05
    done
    is "in time: $*" "yes" "no"
    return 1
}
until_false() { until_true _not "$@"; }
_not() { ! "$@"; }

runs() { "$kvant" sql --db "${db-$KVANT_DB}" --mode csv "select count(*) from v_runs where $1" 2>/dev/null | tail -1 | tr -d '\r'; }
has_runs() { [[ $(runs "$2") == "$1" ]]; }
reason() {
    "$kvant" sql --db "$KVANT_DB" --mode csv "select reason from v_runs where config = '$1' order by id desc limit 1" | tail -1
}
answers() {
    asked=$((${asked-0} + 1))
    keys :
    type "still here $asked"
    until_shows "> still here $asked"
    keys C-c
    escape
}
order() { # COMMAND...: given; what is said after it is looked for by says
    ordered="> $*"
    give "$*"
    _wait _shows "${ordered:0:60}"
}
_said() {
    local now
    now=$(screen)
    [[ ${now##*"${ordered:0:60}"} == *"$1"* ]]
}
says() { # SENTENCE
    _wait _said "$1"
    local now
    now=$(screen)
    has "the lab says" "$1" "${now##*"${ordered:0:60}"}"
}
no_command() { ! sweep >/dev/null; }
leaves() {
    escape
    keys Q
    gone_well
}
gone_well() {
    until_shows "status"
    is "the terminal's modes are as they were" "$(<"$home/before")" "$(<"$home/after")"
    is "the terminal's own screen, with its cursor" "0 1" "$(tm display -p '#{alternate_on} #{cursor_flag}')"
    until_true nothing_left
    is "nothing is left behind" "" "$(ours)"
}
