#!/usr/bin/env bash
# Questions in SQL as a person asks them.   usage: sql.sh KVANT BUILD_DIR
# shellcheck source=tests/lab/lab.bash
source "$(dirname "$0")/lab.bash" "$@"
export KVANT_DB=$home/runs.db
csv() { "$kvant" sql --mode csv "$@" 2>"$home/err" | tr -d '\r'; }
endless="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

# no database yet
run sql "SELECT 1"
is "there is nothing to ask" 3 $status
has "and which file is said" "$KVANT_DB" "$err"

for config in q8_0 turbo4 "k=q8_0 v=turbo4" q8_0; do
    evaluate "$config"
    is "run $config" 0 $status
done

# quotes at the prompt, in -c, and from the shell
quoted=$'x\nit\'s "a"'
is "bare at the prompt" "$quoted" "$(printf '%s\n' "sql --mode csv SELECT 'it''s ' || '\"a\"' AS x" | "$kvant" | tr -d '\r' | sed 's/^"\(.*\)"$/\1/;s/""/"/g')"
is "in quotes at the prompt" $'x\na' "$(printf '%s\n' "sql \"SELECT 'a' AS x\" --mode csv" | "$kvant" | tr -d '\r')"
is "bare in -c" $'x\na' "$("$kvant" -c "sql --mode csv SELECT 'a' AS x" | tr -d '\r')"
is "in quotes in -c" $'x\na' "$("$kvant" -c "sql \"SELECT 'a' AS x\" --mode csv" | tr -d '\r')"
is "from the shell" $'x\na' "$(csv "SELECT 'a' AS x")"
is "word by word" $'x\na' "$(csv SELECT "'a'" AS x)"

# where SQL comes from
printf "SELECT 1 AS a;\n-- two\nSELECT 'b;' AS b;\n" >"$home/q.sql"
is "a file of two statements" $'a\n1\n\nb\nb;' "$(csv --file "$home/q.sql")"
is "standard input" $'a\n1\n\nb\nb;' "$(csv - <"$home/q.sql")"
run sql --file "$home/q.sql" "SELECT 1"
is "two sources are one too many" 2 $status
run sql
is "none is a mistake" 2 $status
printf 'SELECT 1\0;' >"$home/zero.sql"
run sql --file "$home/zero.sql"
is "a zero byte is no text" "3 " "$status $out"
run -c $'sql -'
is "standard input belongs to the prompt" 2 $status
printf 'sql SELECT 1\0 AS hidden\n' | "$kvant" >"$home/out" 2>"$home/err"
is "nor is it at the prompt" "3 " "$? $(<"$home/out")"

# where answers go
run sql --json -o "$home/out.json" "SELECT id FROM runs ORDER BY id"
is "a file" "0  [1,2,3,4]" "$status $out $(jq -c 'map(.id)' "$home/out.json")"
cp "$home/out.json" "$home/before.json"
echo mine >"$home/out.json.part"
run sql --json -o "$home/out.json" "SELECT nothing FROM runs"
is "a mistake leaves it as it was" "3 yes" "$status $(cmp -s "$home/out.json" "$home/before.json" && echo yes)"
ln -s out.json "$home/link.json"
run sql --json -o "$home/link.json" "SELECT 7 AS id"
is "a link leads to its file" "0 link 7" "$status $([[ -L $home/link.json ]] && echo link) $(jq '.[0].id' "$home/out.json")"
is "nothing is left beside it, and what was there is not touched" "out.json out.json.part mine" \
    "$(cd "$home" && echo out.json*) $(<"$home/out.json.part")"
run sql -o "$home/none/out" "SELECT 1"
is "a directory that is not there" 3 $status
ln -s /proc/self/fd/1 "$home/stdout" # as /dev/stdout is, which a mistake must not cost
is "what is no file is written to" $'a\n1' "$("$kvant" sql --mode csv -o "$home/stdout" "SELECT 1 AS a" | tr -d '\r')"
run sql --timer "SELECT 1"
has "the time is told" "1 row in 0." "$err"
if [[ -w /dev/full ]]; then
    "$kvant" sql "SELECT 1" >/dev/full 2>"$home/err"
    is "a full disk is told" 3 $?
fi
"$kvant" sql --mode csv "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n" 2>"$home/err" | head -2 >"$home/out"
is "a reader that leaves ends an endless answer" "i" "$(head -1 "$home/out" | tr -d '\r')"

# several statements: nothing is answered when one of them is wrong
run sql "SELECT 1; SELEC 2"
is "a later mistake" "3 " "$status $out"
has "is told with its column" "SQL, column 11:" "$err"

# dots
has "tables" "v_runs" "$(csv .tables)"
has "schema" "CREATE TABLE pins" "$("$kvant" sql .schema)"
is "of one" "CREATE TABLE pins (run INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE) STRICT;" "$("$kvant" sql .schema pins)"
run sql .schema nothing
is "of none" 3 $status
run sql .mode csv
is "a mode holds for a session" 2 $status
is "at the prompt" $'a\n1' "$(printf 'sql .mode csv\nsql SELECT 1 AS a\n' | "$kvant" | tr -d '\r')"
run -c "sql .mode cvs"
is "one that is none" 2 $status
run sql .tabels
has "a dot mistyped" 'did you mean ".tables"?' "$err"

# questions that came with kvant: on this database each has columns, on an empty one as well
for question in $(csv .questions | tail -n +2 | cut -d, -f1); do
    run sql --json "$question"
    is "$question" 0 $status
    is "$question is JSON" array "$(jq -r type <<<"$out")"
done
is "two runs of one config agree" "q8_0 0.0" "$(csv history q8_0 | awk -F, 'NR == 2 { print $1, $11 }' | sed 's/ 0$/ 0.0/')"
is "by name" "$(csv best 0.5)" "$(csv best :kld=0.5)"
lacks "the limit counts" "turbo4" "$(csv best 0.000001)"
run sql best 1 2
is "a value too many" 2 $status
has "says what it takes" "it takes [:kld=0.01]" "$err"
run sql bset
has "a question mistyped" 'did you mean "best"?' "$err"

# questions of one's own
run sql --save mine --note "it's mine" "SELECT config, :x AS x, :y AS y FROM v_runs WHERE config = :config ORDER BY id LIMIT 1"
is "kept" 0 $status
is "values in order, with their kinds" "k=q8_0 v=turbo4,1,a b" "$(csv mine 1 'a b' 'k=q8_0 v=turbo4' | tail -1)"
is "by name" "q8_0,2.5," "$(csv mine :config=q8_0 2.5 NULL | tail -1)"
is "at the prompt" "q8_0,1,it's" "$(printf '%s\n' "sql --mode csv mine 1 \"it's\" q8_0" | "$kvant" | tr -d '\r' | tail -1)"
is "a value is no SQL" "0" "$(csv mine 1 2 "' OR 1 --" | tail -n +2 | wc -l)"
run sql mine 1
is "a value that is missing" 2 $status
has "is named" ":y" "$err"
has "it is listed" "it's mine" "$(csv .questions)"
for name in "a b" "it's" "2x" select -- "" "$(printf 'a%.0s' {1..70})"; do
    run sql --save "$name" "SELECT 1"
    is "\"$name\" is no name" 2 $status
done
run sql --save best "SELECT 1"
is "a name that is taken" 3 $status
run sql --save broken "SELECT nothing"
is "SQL that does not compile is not kept" 3 $status
run sql --save writes "DELETE FROM runs"
is "nor SQL that writes" 3 $status
run sql --delete mine
is "forgotten" 0 $status
run sql mine
is "and gone" 3 $status

# writing
before=$(csv "SELECT count(*) FROM runs")
run sql "DELETE FROM runs"
is "not without being told" 3 $status
run sql --write "DELETE FROM runs" </dev/null
is "nor when nobody can be asked" 2 $status
is "nothing happened" "$before" "$(csv "SELECT count(*) FROM runs")"
run sql --write --yes "DELETE FROM runs WHERE id = 1; UPDATE runs SET verdict_note = 'seen' WHERE id = 2"
is "written" 0 $status
has "and counted" "changed 2 rows and " "$err"
is "so it is" "2,seen" "$(csv "SELECT id, verdict_note FROM runs ORDER BY id LIMIT 1" | tail -1)"
run sql --write --yes "DELETE FROM runs; DROP TABLE pins"
is "tables stay" 3 $status
is "and so does what came before" 3 "$(csv "SELECT count(*) FROM runs" | tail -1)"
run sql --yes "SELECT 1"
is "--yes goes with --write" 2 $status

# hostile
for sql in "ATTACH '$home/x.db' AS x" "SELECT load_extension('x')" "PRAGMA journal_mode = delete" "CREATE TEMP TABLE x (a)" \
    "SELECT zeroblob(1000000000)" "VACUUM INTO '$home/x.db'" "SELECT writefile('$home/x.db', 1)" "SELECT 'open"; do
    run sql "$sql"
    is "refused: $sql" "3 " "$status $out"
done
is "no file was made" no "$([[ -e $home/x.db ]] || echo no)"
{ printf 'SELECT '; printf '(%.0s' {1..20000}; printf 1; printf ')%.0s' {1..20000}; } >"$home/deep.sql"
run sql --file "$home/deep.sql"
is "a deep expression" 3 $status
{ printf "SELECT length('"; head -c 1000000 /dev/zero | tr '\0' x; printf "') AS n"; } >"$home/big.sql"
is "a megabyte of SQL" $'n\n1000000' "$(csv --file "$home/big.sql")"
lacks "control characters are shown, not sent" $'\033' "$("$kvant" sql "SELECT char(27) || '[31m' AS x")"

# An endless question ends when it is told to. (A shell's background jobs ignore SIGINT; SIGTERM asks for the same.)
told_to_end() { # KVANT'S WORDS...: its status
    local i
    "$kvant" "$@" >"$home/out" 2>"$home/err" &
    listens $!
    for ((i = 0; i < 200; i++)); do
        sleep 0.1
        kill -TERM $! 2>/dev/null || break
    done
    wait $!
}
told_to_end sql "$endless"
is "an endless question" 75 $?
told_to_end -c "sql $endless"
is "at the prompt" 75 $?
told_to_end sql --write --yes "DELETE FROM runs; $endless"
is "and one that writes" "75 3" "$? $(csv "SELECT count(*) FROM runs" | tail -1)"

told_to_end runs --where "($endless) > 0"
is "an endless condition" 75 $?
told_to_end report --format csv --where "($endless) > 0"
is "and of a report" 75 $?

# Told to end while nobody reads what it writes, it was stopped: nothing is wrong with the output.
mkfifo "$home/full"
rows="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
written_to_nobody() { # KVANT'S WORDS...: its status
    local i asleep=0
    "$kvant" "$@" >"$home/full" 2>"$home/err" &
    listens $!
    for ((i = 0; i < 200 && asleep < 3; i++)); do # the pipe is full
        sleep 0.1
        [[ $(ps -o stat= -p $!) == S* ]] && asleep=$((asleep + 1)) || asleep=0
    done
    local writer=$! reader
    kill -TERM $writer
    cat <&3 >/dev/null & # what is left of its output may go
    reader=$!
    wait $writer
    i=$?
    kill $reader
    wait $reader 2>/dev/null
    return $i
}
exec 3<>"$home/full"
written_to_nobody sql --mode csv "$rows"
is "stopped in the middle of a write" 75 $?
written_to_nobody sql --mode csv -o "$home/stdout" "$rows"
is "the same with --output" 75 $?
exec 3<&-

# on a terminal: Ctrl-C, and being asked
command -v tmux >/dev/null || finish
tm() { tmux -S "$home/tmux" -f /dev/null "$@" 2>/dev/null; }
trap 'tm kill-server; rm -rf "$home"' EXIT
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
until_shows() { # TEXT
    local i
    for ((i = 0; i < 600; i++)); do
        [[ $(tm capture-pane -p) == *"$1"* ]] && break
        sleep 0.1
    done
    has "the screen shows" "$1" "$(tm capture-pane -p)"
}
tm new-session -d -x 100 -y 30 "KVANT_DB=$KVANT_DB TERM=dumb $kvant; echo status \$?; sleep 60"
until_shows "kvant>"
tm send-keys -l "sql $endless"
tm send-keys Enter
until_shows "count(*) FROM n"
for ((i = 0; i < 100; i++)); do
    [[ $(tm capture-pane -p) == *stopped* ]] && break
    tm send-keys C-c
    sleep 0.2
done
until_shows "stopped"
tm send-keys -l "sql --write DELETE FROM runs WHERE status <> 'x'"
tm send-keys Enter
until_shows "change 3 rows and"
tm send-keys -l "n"
tm send-keys Enter
until_shows "nothing was changed"
is "no is no" 3 "$(csv "SELECT count(*) FROM runs" | tail -1)"
tm send-keys -l "sql --write DELETE FROM runs WHERE id = 2"
tm send-keys Enter
until_shows "change 1 row and"
tm send-keys -l "y"
tm send-keys Enter
until_shows "changed 1 row and"
is "yes is yes" 2 "$(csv "SELECT count(*) FROM runs" | tail -1)"
tm send-keys -l "sql SELECT 'still here' AS x"
tm send-keys Enter
until_shows " still here │"
finish
