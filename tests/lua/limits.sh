#!/usr/bin/env bash
# Recipes that are greedy, endless or want more than they may: each ends, says why, and takes nothing with it.
# usage: limits.sh KVANT BUILD_DIR
# shellcheck source=tests/lua/lua.bash
source tests/lua/lua.bash "$1" "$2"

# Waits until a file holds a text, at most 60 s.
await() {
    for ((i = 0; i < 1200; i++)); do
        [[ -s $1 && $(<"$1") == *"$2"* ]] && return 0
        sleep 0.05
    done
    return 1
}
# Jobs of their own, for a shell in a script lets what it puts into the background ignore Ctrl-C.
set -m

# Starts a recipe in the background: $pid is kvant recipe's, its outputs are in $home/bg.out and bg.err.
begin() {
    : >"$home/bg.out" >"$home/bg.err"
    printf '%s\n' "$1" >"$home/bg.lua"
    "$kvant" recipe "$home/bg.lua" "${settings[@]}" "${@:2}" >"$home/bg.out" 2>"$home/bg.err" &
    pid=$!
}
child_of() { # the process that pid has started
    ps -o pid= --ppid "$1" | head -1 | tr -d ' '
}
gone() { # at most 5 s
    for ((i = 0; i < 100; i++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

# ---- limits ----
recipe 'while true do end' --instructions 1M
fails "endless" 3 "r.lua:1: more than 1048576 instructions since the last run"
recipe 'local x <close> = setmetatable({}, { __close = print }) while true do end' --instructions 1M
is "nothing is done on the way out" "" "$out"
recipe 'for i = 1, 3 do for j = 1, 50000 do end lab.run("q8_0") end print "done"' --instructions 200k
says "a run makes the count begin anew" "done"
recipe 'local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end' --memory 16M
fails "greedy" 3 "needs more than its 16 MiB of memory"
recipe 'print(("a"):rep(40):find(("a-"):rep(40) .. "b"))' --patience 0.5
fails "a pattern that backtracks" 3 "did not come back within 0.5 s"
recipe 'print "before" table.move({}, 1, math.maxinteger - 1, 2)' --patience 0.5
is "what was printed is there" "before" "$out"

# ---- stopping ----
for program in 'while true do end' 'while true do pcall(function() while true do end end) end' \
    'print(("a"):rep(40):find(("a-"):rep(40) .. "b"))' 'while true do lab.query "SELECT 1" end' \
    'lab.query "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"'; do
    begin "print('ready') $program" --instructions 0 --patience 1000
    await "$home/bg.out" ready || is "it begins" ready "$(<"$home/bg.err")"
    kill -INT "$pid"
    wait "$pid"
    is "stopped: $program" 75 $?
    has "with a word" "stopped" "$(<"$home/bg.err")"
done
begin "print('ready') while true do end" --instructions 0
await "$home/bg.out" ready
kill -TERM "$pid"
wait "$pid"
is "SIGTERM ends it, too" 75 $?
begin "print('ready') while true do end" --instructions 0
await "$home/bg.out" ready
child=$(child_of "$pid")
kill -KILL "$pid"
wait "$pid" 2>/dev/null
gone "$child"
is "it does not outlive the one who asked" 0 $?
begin "print('ready') while true do end" --instructions 0
await "$home/bg.out" ready
kill -KILL "$(child_of "$pid")"
wait "$pid"
is "its own death is told" 75 $?
has "with the signal" "ended by signal 9" "$(<"$home/bg.err")"

# A run at work is stopped as well, and no worker stays behind.
begin "print('ready') lab.run{ 'polar(bits=3)', passages = 100000, ctx = 512 } print('not reached')"
await "$home/bg.err" sampling
child=$(child_of "$pid")
worker=$(child_of "$child")
kill -INT "$pid"
wait "$pid"
is "Ctrl-C stops a run" 75 $?
lacks "and what would follow" "not reached" "$(<"$home/bg.out")"
gone "$worker"
is "its worker is gone" 0 $?

# ---- the prompt goes on ----
printf 'while true do end\n' >"$home/loop.lua"
run -c "recipe $home/loop.lua --instructions 1M" -c "help"
is "an endless recipe ends a script" 3 $status
printf 'recipe %s/loop.lua --instructions 1M\n' "$home" >"$home/lines"
printf 'local ok = pcall(lab.command, "recipe %s/loop.lua --instructions 1M") print("went on", ok)\n' "$home" >"$home/outer.lua"
run recipe "$home/outer.lua"
is "a recipe survives another" "went on	false" "$out"
printf 'lab.command "recipe %s/self.lua"\n' "$home" >"$home/self.lua"
run recipe "$home/self.lua"
is "one that runs itself ends" 3 $status
has "with a reason" "8 recipes run each other already" "$err"
run -c "set ctx 32" -c "recipe $home/outer.lua" -c "set"
has "settings of the session stay" "ctx" "$(grep '^ctx *32' <<<"$out")"
printf 'lab.set("ctx", 128)\n' >"$home/sets.lua"
run -c "set ctx 32" -c "recipe $home/sets.lua" -c "set"
has "what a recipe sets is its own" "ctx" "$(grep '^ctx *32' <<<"$out")"

# ---- what is forbidden ----
recipe '
local function refused(part, f, ...)
  local ok, message = pcall(f, ...)
  if ok or not message:find(part, 1, true) then print(part, message) end
end
local plugin, place = "may not use plugin; name it on the line of `kvant recipe`", "writes only below the working directory"
refused(plugin, lab.run, { "turbo4", plugin = "./x.so" })
refused(plugin, lab.command, "verify turbo4 --plugin ./x.so" and "roundtrip turbo4 x.f32 --plugin ./x.so")
refused("may not use db", lab.run, { "turbo4", db = "other.db" })
refused("may not use db", lab.set, "db", "other.db")
refused("may not use db", lab.command, "set db other.db")
refused("may not use write without --unsafe", lab.command, [[sql --write "DELETE FROM runs"]])
refused("may not use unsafe", lab.command, "recipe x.lua --unsafe")
for _, line in ipairs{ "cache --clear", "merge x.db", "worker", "recipe-child x", "quit", "verify ./x.so", "lab" } do
  refused("a recipe may not do this without --unsafe", lab.command, line)
end
for _, file in ipairs{ "/tmp/x.md", "../x.md", "a/../../x.md", ".bashrc", "a/.git/x.md", "x.so", "x", "x.md/" } do
  refused(place, lab.export, { file = file })
end
refused(place, lab.command, "sweep turbo4 --plan /tmp/p.jsonl")
refused(place, lab.command, "sweep --from /tmp/p.jsonl")
print("end")'
says "what is forbidden is refused, and nothing else happens" "end"
is "each with its reason" "end" "$out"
recipe 'print(os ~= nil, io ~= nil, require ~= nil, debug ~= nil) lab.command "cache"' --unsafe
says "--unsafe opens it" "true	true	true	true"
recipe 'while true do pcall(function() while true do end end) end' --unsafe --instructions 1M
fails "and the limits stay" 3 "instructions"
finish
