#!/usr/bin/env bash
# Suites as recipes ask for them: one run each, with its items, by the names of the command line.
# usage: suites.sh KVANT BUILD_DIR
# shellcheck source=tests/lua/lua.bash
source tests/lua/lua.bash "$1" "$2"
settings=(--model "$small" --threads 1)

recipe 'local r = lab.trajectory{ "turbo2", prompts = 3, prompt = 16, tokens = 12 }
print(r.id, r.suite, r.text, r.had, #r.items, r.passages, r.suite_options)
local first = r.items[1]
print(first.item, math.type(first.item), first.x, first.score <= math.max(first.score_ref, first.second), #first.said > 0)
local sum = 0 for _, i in ipairs(r.items) do sum = sum + i.score / math.max(i.score_ref, i.second) end
print(math.abs(r.score - 100 * sum / 3) < 1e-9, r.kld > 0, #r.layers > 0)
print(lab.trajectory{ "turbo2", prompts = 3, prompt = 16, tokens = 12 }.id)
print(lab.trajectory{ "turbo2", prompts = 3, prompt = 16, tokens = 12, force = true }.id)
print(lab.trajectory{ "identity", prompts = 3, prompt = 16, tokens = 12 }.score)'
says "a suite's run has its items" "2	trajectory	trajectory: self	false	3	3	prompts=3 prompt=16 tokens=12
0	integer	1.0	true	true
true	true	true
2
3
100.0"
is "they are the database's" "$("$kvant" sql --json 'SELECT score, said FROM run_items WHERE run = 2 ORDER BY item' | jq -c .)" \
    "$("$kvant" show 2 --json | jq -c '[.items[] | {score, said}]')"

recipe 'local r = lab.attention{ { codec = "polar", bits = 2 }, passages = 1, ctx = 64, queries = 4 }
local m = lab.model()
print(#r.items == m.layers * m.heads, r.config, r.items[1].score < 1, r.ctx)
print(lab.run("q8_0").items, lab.run("q8_0").n_layers)'
says "options are the command's, configs tables" "true	polar(bits=2)	true	64"
has "a plain run has no items" "nil	3" "$out"

recipe 'local n = lab.needle{ "turbo2", lengths = { 260, 300 }, depths = { 0, 0.5 }, kinds = "single" }
print(#n.items, n.suite_options:match("^lengths=%S+ depths=%S+")) print(lab.needle{ "turbo2", lengths = "260,300", depths = "0,0.5", kinds = "single" }.had)'
says "a list is the option with commas" "4	lengths=260,300 depths=0,0.5
true"

recipe 'local h = {} for i = 2, 4 do h[i - 1] = lab.trajectory{ "polar(bits=" .. i .. ")", prompts = 2, prompt = 8, tokens = 4, async = true } end
for i, r in ipairs(lab.wait(h)) do print(i, r.config, #r.items) end' --jobs 2
says "several run beside each other" "1	polar(bits=2)	2
2	polar(bits=3)	2
3	polar	2"

recipe 'local s, p = lab.session{ "turbo2", turns = 3, tokens = 8 }, lab.prompts "turbo2"
print(#s.items, s.items[1].label, #p.items, p.items[1].x)'
says "sessions and prompts" "3	write	10	1"

# ---- without running ----
recipe 'lab.trajectory{ "turbo2", prompts = 3, prompt = 16, tokens = 12 } lab.trajectory{ "q4_0", prompts = 3, prompt = 16, tokens = 12 }
lab.trajectory{ "turbo2", prompts = 2, prompt = 16, tokens = 12 }' --dry-run
says "a dry run tells suites" "to run       trajectory: q4_0"
has "knows what is there" "run 3        trajectory: turbo2" "$out"
has "and that other options are other runs" "2 to run, 1 already there" "$err"
recipe 'lab.trajectory{ "turbo2", prompts = 3 }' --plan "$home/p.jsonl"
fails "a plan is of plain runs" 3 "suite trajectory"
recipe 'local r = lab.session "turbo2" print(r.score)' --check
is "a check needs no numbers" 0 $status

# ---- mistakes ----
recipe 'lab.needel{ "turbo2" }'
fails "a misspelt suite" 2 'lab has no "needel"; did you mean "needle"?'
recipe 'lab.needle{ "turbo2", length = 3 }'
fails "an option that is none" 2 'needle: there is no option "length"; did you mean "lengths"?'
recipe 'lab.needle{ "turbo2", "turbo3" }'
fails "two configs" 2 "needle: one config at a time"
recipe 'lab.needle{ "turbo2", trials = { 1, 2 } }'
fails "a list where one value is meant" 2 "trials is one value"
recipe 'lab.attention{}'
fails "no config" 2 "CONFIG is missing"
recipe 'lab.session{ "turbo2", turns = 0 }'
fails "a value out of range" 2 "r.lua:1: session: "
recipe 'lab.needle{ "turbo2", lengths = { "many" } }'
fails "a list of nonsense" 2 '--lengths: "many" is no number'
plugin=$build/tests/plugins/bad_crash.so
recipe 'local r = lab.trajectory{ "bad_crash", prompts = 2, prompt = 8, tokens = 4 } print(r.status, #r.items, r.score)' --plugin "$plugin"
says "a codec that crashes gives a failed run" "failed	0	nil"
recipe 'lab.command "trajectory turbo2 --prompts 2 --prompt 8 --tokens 4"'
says "the command itself" "in common over 2 continuations"
finish
