#!/usr/bin/env bash
# Records the tour of docs/tour.md: the real lab in tmux, real keys, what is seen written by the lab itself.
#
#   docs/tour/record.sh build/kvant        writes docs/tour/*.txt and *.svg; three minutes on two idle cores
set -euo pipefail
kvant=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
home=$(mktemp -d)
export HOME=$home KVANT_DB=$home/kvant.db LC_ALL=C.UTF-8
SHELL=$(command -v bash)
export SHELL
tm() { tmux -S "$home/tmux" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null; rm -rf "$home"' EXIT

screen() { tm capture-pane -p; }
until_shows() { # TEXT [SECONDS]
    local i
    for ((i = 0; i < ${2-60} * 10; i++)); do
        [[ $(screen) == *"$1"* ]] && return
        sleep 0.1
    done
    printf 'record: nobody has seen "%s" in:\n%s\n' "$1" "$(screen)" >&2
    exit 1
}
keys() { tm send-keys "$@"; }
give() { # COMMAND, from a pane
    keys :
    tm send-keys -l "$1"
    keys Enter
}
# What the lab draws, without the line that asks for it: it is given while nothing else writes to the log.
picture() { # NAME
    local name
    for name in "$1.txt" "$1.svg"; do
        rm -f "$here/$name"
        give "screen-dump $here/$name"
        until [[ -s $here/$name ]]; do sleep 0.1; done
    done
    sed -i "s#$here/#docs/tour/#g; s#$home#~#g" "$here/$1.txt" "$here/$1.svg"
    sed -i '/docs\/tour/s/ textLength="[^"]*"//' "$here/$1.svg" # of the name that was shortened
}

cd "$home"
tm new-session -d -x 120 -y 36 "$kvant lab; sleep 5"
until_shows "No runs yet"
picture 1-start

# A config while it is typed.
keys :
tm send-keys -l 'run k=q8_0 v=polar(bits='
until_shows "bits per coordinate"
tm send-keys -l '3)'
until_shows "bits/value"
screen >"$here/2-typing.txt"
sed -i "s#$here/#docs/tour/#g; s#$home#~#g" "$here/2-typing.txt"
keys Enter
until_shows "1 point" 120

give 'recipe tour --jobs 2'
until_shows "3 points" 120
until_shows "evaluating" 60
picture 3-recipe
until_shows "16 points" 600
until_shows "-- " 60
sleep 2
give 'focus frontier'
picture 4-frontier

# The cheapest with a KLD of at most 0.01, and how it differs from the newest run.
give 'limit 0.01'
until_shows "is the cheapest" 20
picture 5-limit
keys m
give 'focus runs'
keys g d
until_shows "diff " 60
until_shows "better" 60
give 'zoom log'
picture 6-diff
give 'save tour.lua'
until_shows "tour.lua" 20
cp tour.lua "$here/tour.lua"
give quit
"$kvant" report --title "The quick tour" -o "$here/report.html" --force >/dev/null
sed -i 's#[^ "]*/models/kvant-books#models/kvant-books#g' "$here/report.html"
