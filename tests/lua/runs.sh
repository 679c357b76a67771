#!/usr/bin/env bash
# Runs of recipes: the same rows however they are asked for, resumed after kill -9, looked at without running.
# usage: runs.sh KVANT BUILD_DIR
# shellcheck source=tests/lua/lua.bash
source tests/lua/lua.bash "$1" "$2"

rows() { # what must be equal, of all runs in a database
    "$kvant" sql --db "$1" --json "SELECT * FROM v_runs WHERE config <> 'identity' ORDER BY config" |
        jq -cS '.[] | del(.id, .uid, .date, .started, .finished, .wall_s, .encode_gbs, .decode_gbs, .ms_per_token, .peak_rss_bytes, .threads)'
}

# ---- asynchronous runs are the same rows ----
configs='"polar(bits=2)", "polar(bits=3)", "turbo3", "turbo4", "k=q8_0 v=turbo3"'
recipe "for _, c in ipairs{ $configs } do lab.run(c) end" --db "$home/one.db"
is "one after the other" 0 $status
recipe "local h = {} for i, c in ipairs{ $configs } do h[i] = lab.start(c) end lab.wait(h)" --db "$home/two.db" --jobs 2
is "two at a time" 0 $status
KVANT_EVENTS=9 recipe "lab.sweep{ $configs, jobs = 2 }" --db "$home/three.db" 9>"$home/events"
is "as a sweep" 0 $status
is "whoever listens is told of its runs, identity's too" 6 "$(jq -c 'select(.event == "run" and .done)' "$home/events" | wc -l)"
run sweep 'polar(bits=2..3)' turbo3 turbo4 'k=q8_0 v=turbo3' "${settings[@]}" --db "$home/four.db"
is "all five" 5 "$(rows "$home/one.db" | wc -l)"
is "asynchronous rows are the same" "$(rows "$home/one.db")" "$(rows "$home/two.db")"
is "a sweep's are" "$(rows "$home/one.db")" "$(rows "$home/three.db")"
is "and the command's are" "$(rows "$home/one.db")" "$(rows "$home/four.db")"

# ---- resumed after kill -9 ----
cat >"$home/long.lua" <<'LUA'
for bits = 2, 8 do
  local r = lab.run{ ("polar(bits=%d)"):format(bits) }
  print(r.config, r.had)
end
LUA
export KVANT_DB=$home/killed.db
: >"$home/bg.out"
"$kvant" recipe "$home/long.lua" "${settings[@]}" >"$home/bg.out" 2>/dev/null &
pid=$!
for ((i = 0; i < 3000; i++)); do
    [[ $(<"$home/bg.out") == *"bits=3"* ]] && break
    sleep 0.02
done
child=$(ps -o pid= --ppid "$pid" | tr -d ' ')
kill -KILL "$pid" ${child:+$child}
wait "$pid" 2>/dev/null
while [[ $child ]] && kill -0 "$child" 2>/dev/null; do sleep 0.02; done
before=$("$kvant" sql --json "SELECT count(*) AS n FROM v_runs WHERE config <> 'identity'" | jq '.[0].n')
run recipe "$home/long.lua" "${settings[@]}"
is "started again it ends" 0 $status
is "what was there is not repeated" "$before" "$(grep -c 'true$' <<<"$out")"
is "every config is there once" "7 7" "$("$kvant" sql --json "SELECT count(*) AS n, count(DISTINCT config) AS m FROM v_runs WHERE config <> 'identity'" | jq -r '.[0] | "\(.n) \(.m)"')"
unset KVANT_DB

# ---- without running ----
recipe 'lab.sweep{ "turbo4", "polar(bits=2..3)" } lab.run "q8_0"' --dry-run --db "$home/one.db"
says "a dry run lists what is known" "run "
has "and what is not" "to run       q8_0" "$out"
has "in numbers" "1 to run, 3 already there" "$err"
recipe 'local a = lab.run "q4_0"
if a.kld < 1 then lab.run "q8_0" end' --dry-run --db "$home/none.db"
says "one that steers ends where it needs a result" "to run       q4_0"
has "and says where and what" "r.lua:2: needs kld of q4_0, which only a run can tell" "$err"
is "and makes no database" no "$([[ -e $home/none.db ]] && echo yes || echo no)"
recipe 'while true do pcall(function() return lab.run("q4_0").kld < 1 end) end' --dry-run --db "$home/none.db"
is "which nothing can catch" 0 $status
recipe 'lab.run "turbo9"' --check
fails "--check finds what is wrong" 3 'no codec "turbo9"'
recipe 'lab.sweep{ "turbo4" }' --check
is "and is quiet when nothing is" "0" "$status$out"
recipe 'lab.calibrate{ once = true } lab.export{ file = "never.md" } lab.run "q8_0"' --dry-run
says "commands are only told" "to run       q8_0"
is "not done" no "$([[ -e $home/never.md ]] && echo yes || echo no)"
recipe 'lab.sweep{ "turbo4", "polar(bits=2..3)" }' --plan "$home/p.jsonl"
is "its runs as a plan" 0 $status
run sweep --from "$home/p.jsonl" --no-shard --db "$home/planned.db" --threads 1
is "which a sweep runs" 0 $status
is "with the same rows" "$(rows "$home/one.db" | grep -E '"config":"(turbo4|polar\(bits=[23]\))"')" "$(rows "$home/planned.db")"
recipe 'local a = lab.run "q4_0" print(a.kld)' --plan "$home/q.jsonl"
fails "but for one that steers" 3 "cannot be written down as a plan"
recipe 'lab.run "q4_0" lab.run{ "q4_0", ctx = 32 }' --plan "$home/q.jsonl"
fails "or has two sets" 3 "more than one set"
printf 'frontier\n' >"$home/lines.kvant"
run recipe "$home/lines.kvant" --dry-run
is "a list of commands has no dry run" 2 $status

# ---- profiles ----
recipe 'lab.profile{ name = "mine", base = "turbo4", layers = { ["0-1"] = "q8_0", [2] = { v = "q4_0" } } }
print(lab.run{ "profile=mine" }.config) print(lab.expand("profile=mine")[1])'
says "a profile is kept and used" "turbo4 @0-1:q8_0 @2:v=q4_0
turbo4 @0-1:q8_0 @2:v=q4_0"
finish
