#!/usr/bin/env bash
# The module lab: what its functions take and give, and how they complain.   usage: module.sh KVANT BUILD_DIR
# shellcheck source=tests/lua/lua.bash
source tests/lua/lua.bash "$1" "$2"

# ---- runs ----
recipe 'local r = lab.run{ "turbo4", protocol = "snapshot", ctx = 32, eval = 8 }
print(r.id, r.status, r.config, r.protocol, r.ctx, r.eval, r.passages, r.had, #r.layers, r.layers[1].stream, r.n_layers)
print(r.kld_lo <= r.kld and r.kld <= r.kld_hi, math.type(r.bytes), r.ratio > 0)'
says "a run is a table" "2	done	turbo4	snapshot	32	8	4	false	6	k	3"
has "with numbers" "true	integer	true" "$out"
is "every column of the view is a field" "" "$(
    "$kvant" sql --json "SELECT name FROM pragma_table_info('v_runs') WHERE name NOT IN ('layers')" | jq -r '.[].name' >"$home/columns"
    recipe 'local r = lab.runs{ limit = 1 }[1] for k in lab.sorted(r) do print(k) end'
    sort "$home/columns" | comm -23 - <(sort <<<"$out") | grep -vE '^(verdict_note|calibration_.*|score|score_ref)$')"
recipe 'local a = lab.run{ "turbo4", protocol = "snapshot", ctx = 32, eval = 8 } print(a.id, a.had)'
says "what the database has is not run again" "2	true"
recipe 'local a = lab.run{ "turbo4", protocol = "snapshot", ctx = 32, eval = 8, force = true } print(a.id, a.had)'
says "unless it must" "5	false"
recipe 'print(lab.run("identity").kld, lab.run{ "identity" }.had)'
says "identity has been run already, for the set" "0	true"
recipe 'local r = lab.run{ "k=turbo4 v=q8_0" } print(r.k, r.v) r = lab.run{ { k = "turbo4", v = "q8_0" } } print(r.had)'
says "a table is a config, too" "true"

# ---- sweeps, generators, expansion ----
recipe 'local s = lab.sweep{ { codec = "polar", bits = { 2, 3 } }, "turbo4", "polar(bits=3)" }
for i, r in ipairs(s) do print(i, r.config) end print(#s, s.ran, s.had, s.failed)'
says "a sweep is a list in the order asked for" "1	polar(bits=2)
2	polar(bits=3)
3	turbo4
3	4	0	0"
recipe 'local s = lab.sweep{ k = { "polar(bits=2)", "q8_0" }, v = "polar(bits=2..3)" } for _, r in ipairs(s) do print(r.config) end'
says "lists for keys and values make pairs" "polar(bits=2)
k=polar(bits=2) v=polar(bits=3)
k=q8_0 v=polar(bits=2)
k=q8_0 v=polar(bits=3)"
recipe 'local n = 1 local s = lab.sweep{ "q8_0", function() n = n + 1 if n < 4 then return { codec = "polar", bits = n } end end, "turbo4" }
for _, r in ipairs(s) do print(r.config) end'
says "a function is asked until it returns nil" "q8_0
polar(bits=2)
polar(bits=3)
turbo4"
recipe 'print(table.concat(lab.expand("polar(bits=2..4)", { codec = "rotate", { "q4_0", "q8_0" } }, { k = "q8_0", v = { codec = "polar", bits = 3, scale = "norm" } },
{ "turbo4", layers = { ["0-1"] = "q8_0", [2] = { v = "q4_0" } }, rope = "post" }), "|"))'
says "tables are the grammar's text" "polar(bits=2)|polar(bits=3)|polar|rotate(q4_0)|rotate(q8_0)|k=q8_0 v=polar(bits=3"
has "with layers" "turbo4 @0-1:q8_0 @2:v=q4_0 rope=post" "$out"

# ---- asynchronous ----
recipe 'local h = {} for i = 2, 5 do h[i - 1] = lab.start{ "polar(bits=" .. i .. ")", force = true } end
print(tostring(h[1]), h[2].config)
for i, r in ipairs(lab.wait(h)) do print(i, r.config, h[i].done) end
local a, b = lab.run{ "turbo3", async = true }, lab.start "turbo2"
local first, i = lab.wait_any{ a, b } print(first.config == (i == 1 and "turbo3" or "turbo2")) print(a:wait().config, b:wait().config)' --jobs 2
says "runs are begun and waited for" "run of polar(bits=2) (asked for)	polar(bits=3)
1	polar(bits=2)	true
2	polar(bits=3)	true
3	polar	true
4	polar(bits=5)	true
true
turbo3	turbo2"
recipe 'lab.start{ "q4_0" }'
is "what nobody waits for is finished all the same" "1" "$("$kvant" sql --json "SELECT count(*) AS n FROM v_runs WHERE config = 'q4_0'" | jq '.[0].n')"
recipe 'lab.wait_any{}'
fails "an empty list never ends" 2 "r.lua:1: wait_any: an empty list"

# ---- failures ----
plugin=$build/tests/plugins/bad_crash.so
recipe 'local r = lab.run{ "bad_crash" } print(r.status, r.kld, r.reason, r.phase)' --plugin "$plugin"
says "a run that failed is a table as well" "failed	nil	the worker "
recipe 'local s = lab.sweep{ "q8_0", "bad_crash" } print(#s, s.failed, s[2].status, s[1].status)' --plugin "$plugin"
says "a sweep goes on after it" "2	1	failed	done"
recipe 'print(pcall(lab.run, { "bad_crash", strict = true })) lab.sweep{ "bad_crash", strict = true }' --plugin "$plugin"
fails "strict makes it an error" 3 "of bad_crash failed: the worker "
has "that can be caught" "false" "$out"

# ---- the database ----
recipe 'print(#lab.query("SELECT id FROM v_runs WHERE config = ? AND kld > ?", "turbo4", 0) > 0)
print(lab.query("SELECT :a + 1 AS b, :t AS t, NULL AS n", { a = 41, t = "x" })[1].b)
print(lab.query("SELECT 1.5 AS r, 2 AS i, NULL AS n")[1].n)'
says "questions have parameters" "true
42
nil"
recipe 'lab.query "SELEC 1"'
fails "a mistake in SQL is an error with the line" 3 "r.lua:1: SQL, column 1"
recipe 'lab.query "DELETE FROM runs"'
fails "questions only read" 3 "r.lua:1: "
recipe 'lab.query "SELECT 1; SELECT 2"'
fails "one statement" 3 "a second statement"
recipe 'local f = lab.frontier{ protocol = "stream" } print(f.x, f.y, f[1].ratio ~= nil, f[1].kld ~= nil, lab.show(f[1].id).config == f[1].config)'
says "the frontier is a list of points" "ratio	kld	true	true	true"
recipe 'local d = lab.diff(lab.run "turbo2", lab.run "turbo4") print(d.kld.better, d.kld.difference < 0)'
says "two runs are compared" "b	true"
recipe 'print(#lab.runs{ where = "kld > 0", limit = 2 })'
says "runs by a condition" "2"

# ---- the model, settings, words ----
recipe 'local m = lab.model() print(m.name, m.layers, m.head_dim, m.context) lab.set("ctx", 32) print(lab.run("q8_0").ctx) lab.set("ctx") print(lab.run("q8_0").ctx, lab.text())'
says "the model is described" "fixture-llama	3	32	2048"
has "and settings hold from then on" "32
512	self" "$out"
recipe 'print(arg[0], #arg, arg[1], arg.kld, lab.args.kld, arg[3])' -- plain kld=0.5 --x
says "words reach the recipe" "r.lua	3	plain	0.5	0.5	--x"
recipe 'lab.command "set ctx 32" print(lab.run("q4_1").ctx, lab.command "frontier --json")'
says "any line can be given" '"points"'
recipe 'lab.command "run nonsense"'
fails "one that fails is an error" 3 'r.lua:1: `run nonsense` ended with status 3'

# ---- what it writes ----
recipe 'print("a", 1, 2.5, nil, true) lab.print({ 1, { x = "y" } }) lab.log("to stderr") lab.table({ { a = 1, b = "x" }, { "first", 2.5 } }, { "b", "a" })'
says "print shows what is in tables" 'a	1	2.5	nil	true
{ 1, { x = "y" } }'
has "tables are drawn" "│ b     │   a │" "$out"
has "rows may be lists" "│ first │ 2.5 │" "$out"
is "notes go to stderr" "to stderr" "$err"
recipe 'local n, r = {}, {} for i = 1, 200 do n[i], r[i] = i, i end lab.table({ r }, n) print "drawn"'
says "a table may have 200 columns" "drawn"
recipe 'print("text") return { a = { 1, 2 }, nan = 0/0, t = true }' --json
is "with --json stdout is what is returned" '{"a":[1,2],"nan":null,"t":true}' "$(jq -cS . <<<"$out")"
is "and print writes to stderr" "text" "$err"
recipe 'return false'
is "false is the answer no" 1 $status
recipe 'lab.export{ file = "out.md" } print(#lab.export{ format = "csv" } > 100)'
says "reports are written" "true"
has "below the working directory" "# " "$(head -1 "$home/out.md")"

# ---- complaints name the line ----
recipe '
lab.run{ "turbo9" }'
fails "an unknown codec" 3 'kvant: r.lua:2: run: turbo9: no codec "turbo9"'
recipe 'lab.run{ "turbo4", protocl = "snapshot" }'
fails "an unknown option" 2 'r.lua:1: run: there is no option "protocl"; did you mean "protocol"?'
recipe 'lab.run{ "turbo4", asyn = true }'
fails "a function'\''s own field" 2 'did you mean "async"?'
recipe 'lab.run{ "turbo4", ctx = "many" }'
fails "a value that is none" 2 "r.lua:1: run: "
recipe 'lab.run{ "turbo4", ctx = 1 }'
fails "a value out of range" 2 "r.lua:1: run: "
recipe 'lab.run{}'
fails "nothing to run" 2 "CONFIG is missing"
recipe 'lab.sweep{}'
fails "nothing to sweep" 2 "sweep: no config"
recipe 'lab.sweep{ "turbo4", dry_run = true }'
fails "an option of the command alone" 2 '"dry-run" is the command'
recipe 'lab.sweeep{}'
fails "an unknown function" 2 'r.lua:1: lab has no "sweeep"; did you mean "sweep"?'
recipe 'local ok, e = pcall(lab.run, { "turbo9" }) print(ok, e)'
says "errors can be caught" "false"
recipe 'local function f() lab.run{ "turbo9" } end

f()'
fails "the line is where the function was called" 3 "r.lua:1: run: "
recipe 'x = = 1'
fails "a mistake in Lua" 3 "r.lua:1: unexpected symbol"
run recipe nowhere.lua
fails "a file that is not there" 3 "recipe nowhere.lua: no such file"
finish
