#!/usr/bin/env bash
# The screen as a picture says what the screen as text says.   usage: picture.sh KVANT FILL
source tests/screen/screen.bash "$1" "$2"
"$fill" "$KVANT_DB" || exit 1
start 120x40 LC_ALL=C.UTF-8
until_shows "turbo4 @0:q8_0"
until_quiet
# One pane alone: the log would show what was given last.
keys z
until_gone "frontier: "
give "screen-dump lab.txt"
until_written lab.txt
give "screen-dump lab.svg"
until_written lab.svg
picture=$(<"$home/lab.svg")
has "it is SVG" '<svg xmlns="http://www.w3.org/2000/svg"' "$picture"
has "for a dark page, too" "prefers-color-scheme:dark" "$picture"
is "every element is closed" "$(grep -o '<text' <<<"$picture" | wc -l)" "$(grep -o '</text>' <<<"$picture" | wc -l)"

# The words of every line, blanks aside, in the order of their places.
words() { tr -d ' \n'; }
of_picture=$(grep -o '<text .*</text>' <<<"$picture" | sed -e 's/<[^>]*>//g' -e 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g' | words)
of_text=$(words <"$home/lab.txt")
is "the picture has the letters of the text" "$of_text" "$of_picture"
finish
