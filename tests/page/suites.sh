#!/usr/bin/env bash
# What is seen of suites outside the lab: show, report in its formats, questions by name.
# usage: suites.sh KVANT SUITE_FILL, from the source root
# shellcheck source=tests/page/report.bash
source tests/page/report.bash "$1" "$2"
fill few
fill exact exact
fill hostile hostile
export KVANT_DB=$home/few.db LC_ALL=C.UTF-8 COLUMNS=100
cd "$home" || exit 1

# ---- show ----

run show 10
has "a needle run is a heatmap" "  0 %    █ 2/2  █ 2/2  ▓ 1/2  x 0/2      0 %    █ 2/2  █ 2/2  ▓ 1/2      -" "$out"
has "with what was said" "config     The key is 7-KESTRAL." "$out"
has "and its own command" "again    kvant needle turbo2 " "$out"
run show 10 --ascii
has "also in ASCII" "  0 %    # 2/2  # 2/2  + 1/2  x 0/2" "$out"
run show 10 --json
is "JSON has the items" "48 The key is 7-KESTRAL." "$(jq -r '"\(.items | length) \([.items[] | select(.score == 0)][0].said)"' <<<"$out")"
is "and null for what means nothing" "6" "$(jq '[.items[] | select(.score == null)] | length' <<<"$out")"
run show 8
has "a session is told where it degrades" "turn 14 (debug) degraded: 0.310 after 0.750" "$out"
KVANT_DB=$home/exact.db run show 4
has "a session against itself is 0 at every turn" "KLD is 0 at every turn" "$out"

# ---- report ----

run report --all-sets
is "Markdown" "0 " "$status $err"
has "has each run" '### needle, run 10: `turbo2`' "$out"
has "its outcome" "found 30 of the 42 the reference finds" "$out"
has "its cells" "| 0 % | 2/2 | 2/2 | 1/2 | 0/2 |" "$out"
has "what was said where it is lost" "| keys | 1024 | 100 % | The key is 7-KESTREL. | The key is 7-KESTRAL. |" "$out"
has "turns" "| 14 | debug | 24 | 0.6 | 12.5 | 0.31 | 0.75 | degraded&#58; 0.310 after 0.750 |" "$out"
has "prompts" "| 2 | json | pass | fail | 0.8 | 60 |" "$out"
has "continuations" "the old |" "$(sed 's/&#124;/|/g; s/\\|/|/g' <<<"$out")"
has "heads" "| 2 | 5.0e-04 | 2.0e-04 | 9.0e-04 | 1.0e-01 |" "$out"
run report --json --all-sets
is "JSON has the items" "48 48 20 20 10 10 4 4 24 24" "$(jq -r '[.sets[].runs | sort_by(.id)[] | .items | length] | join(" ")' <<<"$out")"
run report -o page.html --all-sets
page=$(<page.html)
is "HTML" "0 " "$status $err"
is "has a section for each" 10 "$(grep -c '<details class="card suite"' page.html)"
is "lost cells are shaded as lost" 3 "$(grep -o 'shade5">0/2<' page.html | wc -l)"
is "found ones as found" 33 "$(grep -o 'shade0">2/2<' page.html | wc -l)"
is "half of them between" 6 "$(grep -o 'shade3">1/2<' page.html | wc -l)"
is "a picture of the turns" "40 1" "$(grep -o '<title>turn ' page.html | wc -l) $(grep -o '<rect class="bad"' page.html | wc -l)"
has "the degraded one is shaded in the list" '<td class="n shade5">14</td>' "$page"
has "with the degraded one named" "<title>turn 14, debug: KLD 0.6, quality 0.31 (reference 0.75); degraded: 0.310 after 0.750</title>" "$page"
is "one bad head in each map" 2 "$(grep -o 'shade5">[15]\.0e-0[12]<' page.html | wc -l)"
for word in " src=" " href=" "url(" "style=\""; do
    lacks "the page loads nothing" "$word" "$page"
done
run report --where "suite = ''" --db "$home/few.db"
is "and where there are no plain runs it says so" 3 "$status"

# ---- questions ----

ask() { "$kvant" sql --mode csv "$@" | tr -d '\r' | tail -n +2; }
is "lost needles" "10,Tiny,turbo2,keys,1024,6,0,6 10,Tiny,turbo2,chain,512,6,3,3 10,Tiny,turbo2,keys,512,6,3,3" \
    "$(ask lost-needles | sed 's/\.0\b//g' | cut -d, -f1-8 | xargs)"
is "the worst head" "2,turbo2,2,3,0.9,0.95,worst" "$(ask worst-heads :most=1)"
is "of the run that is named" "1,q8_0" "$(ask worst-heads :run=1 :most=1 | cut -d, -f1-2)"
is "where continuations part" "3,q8_0,4,0,,100 4,turbo2,4,2,5,67.58" "$(ask first-divergence | sed 's/\.0\b//g' | cut -d, -f1,3-6,8 | xargs)"
is "a session's turns" "20 14" "$(ask session-turns | wc -l) $(ask session-turns | grep degraded | cut -d, -f1)"
is "regressions" "count json" "$(ask regressions | cut -d, -f4 | xargs)"
is "suites side by side" "q8_0,100 turbo2,71.4" "$(ask suites | cut -d, -f2,4 | sed 's/\.0$//; s/\(71\.4\).*/\1/' | xargs)"
KVANT_DB=$home/exact.db
is "nothing is lost where nothing is" "" "$(ask lost-needles)$(ask regressions)"

# ---- what a database may hold ----

export KVANT_DB=$home/hostile.db
for format in md html json; do
    run report --all-sets -o "hostile.$format"
    is "$format is written" "0 " "$status $err"
    text=$(<"hostile.$format")
    lacks "no control characters ($format)" $'\x1b' "$text"
    is "UTF-8 throughout ($format)" 0 "$(iconv -f UTF-8 -t UTF-8 <"hostile.$format" >/dev/null 2>&1; echo $?)"
done
lacks "no element of theirs" "<img" "$(<hostile.html)"
lacks "nor in Markdown" "<img" "$(sed 's/`[^`]*`//g' hostile.md)"
is "no heading of theirs" 1 "$(grep -c '^# ' hostile.md)"
is "tables stay even" "" "$(sed 's/\\\\//g; s/\\|//g' hostile.md | awk '/^\|/ { n = gsub(/\|/, ""); if (inside && n != inside) print NR; inside = n; next } { inside = 0 }')"
for i in 1 2 3 4 5; do
    run show "$i"
    is "shown ($i)" "0 " "$status $err"
    lacks "without escape sequences ($i)" $'\x1b' "$out"
done

# ---- in a browser ----

browser=
for name in chromium chromium-browser google-chrome; do
    [[ $browser ]] || browser=$(command -v $name)
done
if [[ $browser ]]; then
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
        --user-data-dir="$home/browser" --virtual-time-budget=2000 --enable-logging=stderr --dump-dom \
        "file://$home/page.html#set=1&sort=kld" >dom 2>console
fi
if [[ $browser ]] && grep -q '<html' dom; then
    is "the page's script says nothing" "" "$(grep CONSOLE console)"
    is "and lives beside suites" 1 "$(grep -oE 'data-key="kld"[^>]* aria-sort="ascending"' dom | wc -l)"
    is "columns of suites are no buttons" "" "$(grep -oE '<th scope="col"( class="n")?><button' dom | head -1)"
    is "their pictures are there" 2 "$(grep -c '<svg class="turns"' dom)"
else
    echo "no browser starts here: the page was not opened"
fi
finish
