#!/usr/bin/env bash
# The page of kvant report in a browser: it sorts, filters and chooses as its address says, shows text of strangers as
# text, stands without its script, and asks the network for nothing.   usage: page.sh KVANT FILL, from the source root
# shellcheck source=tests/page/report.bash
source tests/page/report.bash "$1" "$2"
for browser in chromium chromium-browser google-chrome ""; do
    command -v "$browser" >/dev/null && break
done
[[ $browser ]] || {
    echo "Chromium is not here: the page cannot be opened"
    exit 77
}
fill few few
fill hostile hostile
fill many many 1200
for name in few hostile many; do
    run report --db "$home/$name.db" -o "$home/$name.html"
    is "the page $name is written" "0 " "$status $err"
done
"$kvant" report --db "$home/few.db" -a --y kld_p99 -o "$home/all.html"
"$kvant" report --db "$home/hostile.db" -o "$home/hostile.svg"

# The document as it stands after its script has run, in $dom; what the browser had to say in $console.
open_page() { # FILE#STATE
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
        --user-data-dir="$home/browser" --virtual-time-budget=2000 --enable-logging=stderr --dump-dom "file://$home/$1" \
        >"$home/dom" 2>"$home/console"
    dom=$(<"$home/dom")
    console=$(grep -E 'CONSOLE' "$home/console")
}
# The part of a document that a pattern names, one match per line.
parts() { grep -oE "$1" "$home/dom"; }
rows() { sed -n '/<tbody/,/<\/tbody>/p' "$home/dom" | grep -oE '<td class="n">[0-9]+</td><td class="config"' | tr -dc '0-9\n' | xargs; }

open_page few.html
[[ $dom == *"<html"* ]] || {
    echo "the browser does not start here: $(head -c 300 "$home/console")"
    exit 77
}
is "the script is at work, and says nothing" "" "$console"
has "its mark" 'class="scripted"' "$dom"
is "rows are in the page's order" "2 4 5 6 7 8 3" "$(rows)"
is "the best accepted run is shown" "<h3>turbo3</h3>" "$(parts '<h3>turbo3</h3>')"
has "with its intervals" "0.0104 [0.00936, 0.0114] nats" "$dom"
has "and its command" "<pre>kvant run turbo3 --model /models/tiny.gguf --text self --protocol stream --ctx 512 --passages 3 --seed 42</pre>" "$dom"
is "and its layers, of keys and values" 8 "$(parts '<rect class="(bar|worst)"' | wc -l)"
has "the worst of which is marked" 'V error by layer; the worst is layer 3' "$dom"
is "points of the frontier are reached by key: one stop for each picture" 6 "$(parts '<g class="pt [^>]*tabindex="0"' | wc -l)"
has "and say what they are" 'role="button" aria-label="turbo4: compression ratio 4, mean KLD 0.01 [0.009, 0.011]"' "$dom"
is "rows are, too: the first and the chosen one" "0 2" "$(parts '<tr[^>]*tabindex="0"' | grep -oE 'data-i="[0-9]+' | tr -dc '0-9\n' | xargs)"
is "columns are sorted by buttons" 9 "$(parts '<th [^>]*><button type="button">' | wc -l)"

open_page "few.html#sort=kld&dir=desc&run=7&theme=dark&x=bits_per_value&y=top1&limit=95&show=frontier,dominated"
is "the script says nothing" "" "$console"
is "an address sorts and selects" "6 7 5 4 2" "$(rows)"
has "says so" 'data-key="kld" class="n" aria-sort="descending"' "$dom"
has "chooses a run" "<h3>q4_0</h3>" "$dom"
is "marks its row" 7 "$(parts '<tr[^>]*aria-selected="true"[^>]*><td class="n">[0-9]+' | grep -oE '[0-9]+$')"
has "chooses colours" '<html lang="en" class="scripted" data-theme="dark">' "$dom"
is "rings the run on the axes asked for" "plot x1 y2" \
    "$(sed -n 's/.*<svg class="\(plot x. y.\)[^"]*".*/\1/p; /ring chosen/s/.*/RING/p' "$home/dom" | grep -B1 RING | head -1)"
is "finds the most compression within a limit" '<output><button type="button" class="button">turbo3, 5.00×</button></output>' "$(parts '<output>.*</output>')"
has "counts" "5 of 7 runs" "$dom"

open_page "few.html#q=turbo+kld%3C0.05&run=99&sort=nothing&x=speed&set=7&dir=up&limit=much"
is "a filter has words and numbers" "4 5" "$(rows)"
is "an address that means nothing is harmless" "" "$console"
open_page "few.html#q=speed%3C3"
has "a column that is not there is told" 'there is no number "speed"' "$dom"

# A page whose script is not the one it was made with: the browser refuses it, and the page is what the file says.
sed 's/^prepare();$/prepare(); \/\/ changed/' "$home/few.html" >"$home/without.html"
open_page without.html
has "another script is refused" "Content Security Policy" "$console"
lacks "without a script" 'class="scripted"' "$dom"
is "the page has its rows" "2 4 5 6 7 8 3" "$(rows)"
is "its pictures, with words" 24 "$(parts '<g class="pt f[0-9]" data-i="[0-9]+"><title>' | wc -l)"
is "switches for them, of which one is chosen per axis" 2 "$(parts '<input type="radio"[^>]*checked' | wc -l)"
is "failures" 1 "$(parts 'run 8, <code>k=crash v=f16</code>: signal 11 \(SIGSEGV\) \(encode\)' | wc -l)"
is "and no button that does nothing" "" "$(parts '<button[^>]*>' | grep -v hidden)"
open_page "all.html#set=1&y=kld"
is "several sets: one is seen" 'data-set="0" hidden' "$(parts '<section class="set" data-set="[01]"[^>]*>' | grep hidden | grep -oE 'data-set="."|hidden' | xargs | sed 's/=0/="0"/')"
is "of two" 2 "$(parts '<button[^>]*aria-pressed' | wc -l)"

open_page "hostile.html#sort=config&run=5"
is "hostile text is text: the script lives" "" "$console"
has "and is at work: rows and details are its own" 'data-key="config" aria-sort="ascending"' "$dom"
is "nothing of theirs is an element" "" "$(parts '<(img|svg onload)' | head -1)"
has "their reasons are shown" 'Failed: &lt;/script&gt;' "$dom"
has "and their words" '<code>&lt;/script&gt;&lt;/title&gt;&lt;/style&gt;&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(2)&lt;/script&gt;0</code>' "$dom"
open_page hostile.svg
lacks "their picture is XML" "parsererror" "$dom"
has "and one picture" 'aria-labelledby="t d"' "$dom"

open_page "many.html#sort=kld"
least=$("$kvant" sql --db "$home/many.db" --json "SELECT id FROM v_runs ORDER BY kld LIMIT 3" | jq -r 'map(.id) | join(" ")')
is "a thousand runs are sorted" "$least" "$(rows | cut -d' ' -f1-3)"
is "and made as they are needed" 300 "$(rows | wc -w)"
has "the rest on request" "Show the other 900" "$dom"
finish
