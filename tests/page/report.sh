#!/usr/bin/env bash
# kvant report: what is written is what the database says, in every format, whatever the database says, and files are
# there whole or not at all.   usage: report.sh KVANT FILL, from the source root
# shellcheck source=tests/page/report.bash
source tests/page/report.bash "$1" "$2"
fill few few
fill hostile hostile
export KVANT_DB=$home/few.db
cd "$home" || exit 1

# ---- Markdown ----

# Rows of a table have as many cells as its heading; a bar in a cell is escaped. Fenced lines are no rows.
uneven() {
    local fence
    fence=$(sed -n 's/^\(```*\)sh$/\1/p' "$1" | head -1)
    sed "/^${fence}sh\$/,/^$fence\$/d" "$1" | sed 's/\\\\//g; s/\\|//g' |
        awk '/^\|/ { n = gsub(/\|/, ""); if (inside && n != inside) print NR; inside = n; next } { inside = 0 }'
}

run report
is "Markdown is what is written unless told" 0 "$status"
is "nothing on stderr" "" "$err"
is "a title first" "# KV-cache compression of Tiny" "$(head -1 <<<"$out")"
is "tables are even" "" "$(uneven "$home/out")"
front=$(sed -n '/^### Frontier/,/^Brackets/p' <<<"$out" | grep '^| [0-9]')
is "the frontier, by ratio" '`identity` `turbo4` `turbo3` `turbo2`' "$(cut -d' ' -f4 <<<"$front" | xargs -d'\n')"
is "neighbours that cannot be told apart are marked" "turbo3" \
    "$(grep 'as good as above' <<<"$front" | cut -d' ' -f4 | tr -d '`')"
is "all runs of the set" 7 "$(sed -n '/^### All/,/^### The/p' <<<"$out" | grep -c '^| [0-9]')"
has "a replaced run is said to be" "| older |" "$out"
has "values have intervals" "0.01 [0.009, 0.011]" "$(grep 'turbo4' <<<"$front")"
has "failures have reasons" "k=crash v=f16\`: signal 11 (SIGSEGV) (encode)" "$out"
has "warnings are told" "turbo2\`: perplexity fell by 2 % while KLD is 0.060 nats" "$out"
has "what was measured" "- model: Tiny" "$out"
has "and how" "- protocol: stream, ctx 512, 3 passages" "$out"
has "with a star where the verdict has one" "ACCEPT★" "$out"
has "each run has its command" \
    "kvant run 'k=crash v=f16' --model /models/tiny.gguf --text self --protocol stream --ctx 512 --passages 3 --seed 0 # run 8" "$out"
lacks "another set is another report" "snapshot" "$out"

run report --protocol snapshot
has "which can be asked for" "snapshot, ctx 512, eval 64, 3 passages" "$out"
has "and repeated" "--protocol snapshot --ctx 512 --eval 64" "$out"
run report --all-sets
is "or both" 2 "$(grep -c '^## ' <<<"$out")"
run report --title "A *title*" --where "config <> 'turbo3'"
is "a title is text" "# A &#42;title&#42;" "$(head -1 <<<"$out")"
has "a condition is told" "Only runs with \`config <> 'turbo3'\`." "$out"
lacks "and holds" "\`turbo3\`" "$out"
run report --y top1 --x bits_per_value
has "other axes" "### Frontier: top-1 agreement against bits per value" "$out"

run report -o page.md
is "a file" "0 " "$status $out"
is "with a picture beside it" "![The frontier](<page.svg>)" "$(grep '^!' page.md)"
has "that is there" "<svg " "$(<page.svg)"
run report -a -o both.md
is "one for each set" "both-2.svg both.svg" "$(echo both*.svg)"

# ---- data ----

run report --format csv
"$kvant" sql --mode csv "SELECT * FROM v_runs WHERE protocol = 'stream' ORDER BY id DESC" >sql.csv
is "csv has every column of every run" "$(<sql.csv)" "$out"
run report --format csv --all-sets
is "of all sets, when they are asked for" "$("$kvant" sql --mode csv 'SELECT * FROM v_runs ORDER BY id DESC')" "$out"

run report --json
is "JSON is JSON" true "$(jq '.sets | length == 1' <<<"$out")"
points() { jq -cS 'map({run, config, class, x, y, y_lo, y_hi, like_previous})'; }
for y in kld dppl top1; do
    is "the frontier's points are kvant frontier's ($y)" "$("$kvant" frontier --json --y $y | jq .points | points)" \
        "$("$kvant" report --json --y $y | jq '.sets[0].points' | points)"
done
is "metrics are the database's" \
    "$("$kvant" sql --json "SELECT id, ratio, kld, dppl_lo, top1_hi FROM v_runs WHERE protocol = 'stream' ORDER BY id" | jq -c '[.[] | [.id, .ratio, .kld, .dppl_lo, .top1_hi]]')" \
    "$(jq -c '[.sets[0].runs | sort_by(.id)[] | [.id, .ratio, .kld[0], .dppl[1], .top1[2]]]' <<<"$out")"
is "layers come along" "8 0" "$(jq -r '.sets[0].runs | map({(.config): (.layers | length)}) | add | [.identity, ."k=crash v=f16"] | join(" ")' <<<"$out")"
is "what each run is" "older dominated failed" \
    "$(jq -r '.sets[0].runs | [(.[] | select(.id == 3)), (.[] | select(.config == "q4_0")), (.[] | select(.status == "failed"))] | map(.class) | join(" ")' <<<"$out")"

# ---- pictures ----

run report -o picture.svg
picture=$(<picture.svg)
is "a mark for each run of the frontier" 4 "$(grep -c 'class="pt ' picture.svg)"
has "with its words" "<title>turbo4: compression ratio 4, mean KLD 0.01 [0.009, 0.011]</title>" "$picture"
has "labels are text" ">turbo4</text>" "$picture"
has "it has a title" '<title id="t">Tiny, text self, stream, ctx 512, 3 passages</title>' "$picture"
has "and a description" "4 runs on the frontier" "$picture"
has "dark is thought of" "prefers-color-scheme:dark" "$picture"
has "what failed is counted" "1 failed" "$picture"
has "what is 0 has a place on a logarithmic axis" 'text-anchor="end">0</text>' "$(grep -A1 'class="zero"' picture.svg)"
stairs() { sed -n 's/.*class="stairs" d="\([^"]*\)".*/\1/p' | tr -dc 'A-Z'; }
is "stairs join the frontier: up to the next loss, then on to its ratio" MVHVHVH "$(stairs <picture.svg)"
is "where less is better, on to the next first" MHVHVHV "$(run report --format svg --x bits_per_value; stairs <"$home/out")"
is "three intervals are more than a point" 3 "$(grep -o 'class="whisker"' picture.svg | wc -l)"

# ---- one page ----

run report -o page.html
is "nothing is said of what went well" "0  " "$status $out $err"
page=$(<page.html)
lacks "the page names no other place" "http" "${page//http-equiv/}"
for word in " src=" " href=" "url(" "@import" "fetch(" "XMLHttpRequest" "innerHTML" "eval(" "style=\""; do
    lacks "nor loads, nor runs text" "$word" "$page"
done
has "and may not" "Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-" "$page"
is "its data is JSON" "[8,7,6,5,4,3,2]" \
    "$(sed -n 's/^<script type="application\/json" id="data">\(.*\)<\/script>$/\1/p' page.html | jq -c '.sets[0].id | sort | reverse')"
is "a picture for each pair of axes" 6 "$(grep -c '<svg class="plot' page.html)"
is "a row for each run" 7 "$(grep -c '<tr data-i=' page.html)"

# ---- what a database may hold ----

export KVANT_DB=$home/hostile.db
config=$("$kvant" sql --json "SELECT config FROM v_runs ORDER BY id" | jq -r '.[1].config')
for format in md html svg json; do
    run report -o "hostile.$format" --force
    is "$format is written" "0 " "$status $err"
    text=$(<"hostile.$format")
    lacks "no control characters ($format)" $'\x1b' "$text"
    is "UTF-8 throughout ($format)" 0 "$(iconv -f UTF-8 -t UTF-8 <"hostile.$format" >/dev/null 2>&1; echo $?)"
done
for format in html svg; do
    text=$(<"hostile.$format")
    lacks "no element of theirs ($format)" "<img" "$text"
    lacks "no handler of theirs ($format)" "<svg onload" "$text"
done
is "two scripts, both ours" 2 "$(grep -o '<script' hostile.html | wc -l)"
is "which end once each" 2 "$(grep -o '</script' hostile.html | wc -l)"
is "a verdict is text, and its star a star" 1 "$(grep -c '>é★&lt;b&gt;</td>' hostile.html)"
text=$(sed '/^````sh$/,/^````$/d' hostile.md)
lacks "no element in Markdown" "<img" "$(sed 's/`[^`]*`//g' <<<"$text")"
lacks "no link" "](javascript" "$(sed 's/`[^`]*`//g' <<<"$text")"
is "no heading" 1 "$(grep -c '^# ' <<<"$text")"
is "tables stay even" "" "$(uneven hostile.md)"
is "a fence is longer than what it holds" '````sh' "$(grep '^````*sh$' hostile.md)"
run report --json
is "JSON keeps the text" "$("$kvant" sql --json 'SELECT config FROM v_runs ORDER BY id' | jq -c 'map(.config)')" \
    "$(jq -c '.sets[0].runs | sort_by(.id) | map(.config)' <<<"$out")"
# The command is one a shell reads back. (A byte that is no UTF-8 is U+FFFD in JSON.)
kvant() { printf '%s' "$2"; }
read_back=$(eval "$(jq -r '.sets[0].runs | sort_by(.id)[1].command' <<<"$out")")
is "a command quotes what it names" "$config" "$read_back"
unset -f kvant
if command -v xmllint >/dev/null; then
    is "the picture is XML" "" "$(xmllint --noout hostile.svg picture.svg 2>&1)"
fi

# ---- files ----

export KVANT_DB=$home/few.db
echo mine >mine.csv
run report -o mine.csv
is "what is there stays" "3 mine" "$status $(<mine.csv)"
has "and is named" "mine.csv is there already; --force replaces it" "$err"
run report -o mine.csv --force
is "unless told" "0 $(<sql.csv)" "$status $(<mine.csv)"
echo mine >new.svg
run report -o new.md
is "also the picture beside a text" "3 mine none" "$status $(<new.svg) $(test -e new.md || echo none)"

echo mine >target.csv
rm new.svg
echo mine >new.md
run report -o new.md
is "which is not made for a text that may not be" "3 none" "$status $(test -e new.svg || echo none)"
ln -s target.csv link.csv
run report -o link.csv --force
is "a link leads to its file" "0 link $(<sql.csv)" "$status $([[ -L link.csv ]] && echo link) $(<target.csv)"
ln -s nothing.csv dangling.csv
run report -o dangling.csv
is "one that leads nowhere is there already" 3 "$status"
(umask 027 && "$kvant" report -o rights.csv)
is "rights are as usual" 640 "$(stat -c %a rights.csv)"

# A disk that is full: here, a file that may not grow.
mkdir full
echo mine >full/old.html
(
    trap '' XFSZ
    ulimit -f 40 # KiB; the database needs 32 for itself
    "$kvant" report -o full/new.html 2>err.new
    echo $? >status.new
    "$kvant" report -o full/old.html --force 2>err.old
    echo $? >status.old
)
is "a full disk is an error" "3 3" "$(<status.new) $(<status.old)"
has "that says so" "full/new.html: writing failed: File too large" "$(<err.new)"
is "nothing half-written is left, and what was there is whole" "old.html mine" "$(ls full) $(<full/old.html)"
run report --format csv -o /dev/full
is "a device that is full is an error" 3 "$status"
"$kvant" report >/dev/full 2>err
is "also behind standard output" 3 $?

ln -s /proc/self/fd/1 stdout # as /dev/stdout is, which a mistake must not cost
is "a pipe is written to, and stays" "$(<sql.csv) link" "$("$kvant" report --format csv -o stdout) $([[ -L stdout ]] && echo link)"
run report -o nowhere/page.html
is "a directory that is not there" "3 kvant: nowhere/page.html: cannot be written: No such file or directory" "$status $err"
run report -o .
is "or that is one" 2 "$status"
run report -o full --format md
is "or that is one" "3 kvant: full: cannot be written: Is a directory" "$status $err"
run report -o page.pdf
is "a name that says nothing" 2 "$status"
has "is told what would" "--format" "$err"
run report -o page.pdf --format svg
is "unless the format is told" "0 <svg" "$status $(sed -n '2s/ .*//p' page.pdf)"

# ---- mistakes ----

run report --where "kld <"
is "a mistake in SQL" 3 "$status"
run report --where "no_such > 1"
has "has its column" "SQL, column 1: no such column: no_such" "$err"
run report --where "kld < 0.02 -- and so on" --json
is "a comment ends with its line" "identity turbo4 turbo3" "$(jq -r '.sets[0].points | map(.config) | join(" ")' <<<"$out")"
run report --where "1) OR (1" --json
is "a condition cannot leave its parentheses" 3 "$status"
run report --ctx 4096 -o none.html
is "no runs" "3 none" "$status $(test -e none.html || echo none)"
has "is told" "no runs fit" "$err"
run report --y speed
is "no such metric" 2 "$status"
run report --format svg --all-sets
is "a picture shows one set" 2 "$status"
run report --db "$home/nothing.db"
is "no database" 3 "$status"
finish
