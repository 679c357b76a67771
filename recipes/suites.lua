-- Does a config survive what perplexity cannot see?
--
-- Puts the five suites to each config, small: needles in haystacks, ten turns of a working session, the ten prompts,
-- greedy continuations, attention head by head. Tables at the end, beside what a plain run says; `kvant show RUN` has
-- each suite in full, `kvant sql suites` the same from the database. Configs may be named as words.
--
-- Published for large models: single needles, turbo4 31 of 33 beside 30 of 33 with q8_0, which is why single needles are
-- not ranked here; ten prompts, at least nine (a person judged); attention's cosine at least 0.995.
--
-- Time: 2 minutes on 2 cores
--
--     kvant recipe suites
--     kvant recipe suites 'k=q8_0 v=turbo3' kivi --model my.gguf

local configs = #arg > 0 and { table.unpack(arg) } or { "q8_0", "turbo3", "turbo2" }

local function first_apart(items)
  local first
  for _, i in ipairs(items) do
    if i.score < math.max(i.score_ref, i.second) and (not first or i.score < first) then first = i.score end
  end
  return first
end

local function regressions(items)
  local n = 0
  for _, i in ipairs(items) do
    if i.score_ref and i.score and i.score_ref >= 1 and i.score < 1 then n = n + 1 end
  end
  return n
end

local function degraded(items)
  for _, i in ipairs(items) do
    if i.note:find("^degraded") then return i.x end
  end
end

local function worst_head(items)
  local worst
  for _, i in ipairs(items) do
    if i.score and (not worst or i.score < worst.score) then worst = i end
  end
  return worst and ("%d.%d: %.4f"):format(worst.x, worst.y, worst.score)
end

-- A suite whose worker failed has no numbers; its reason is told below the table.
local failures = {}
local function take(row, suite, run, fill)
  if run.status == "done" then return fill(row, run) end
  failures[#failures + 1] = ("%s of %s, run %d: %s"):format(suite, run.config, run.id, run.reason)
end

local asked = {}
for _, config in ipairs(configs) do
  asked[#asked + 1] = {
    plain = lab.start{ config },
    needle = lab.needle{ config, lengths = { 256, 512 }, depths = { 0, 0.5, 1 }, async = true },
    prompts = lab.prompts{ config, async = true },
    session = lab.session{ config, turns = 10, tokens = 16, async = true },
    trajectory = lab.trajectory{ config, prompts = 8, tokens = 64, async = true },
    attention = lab.attention{ config, passages = 4, async = true },
  }
end

local function rounded(x, digits) return x and tonumber(("%." .. digits .. "g"):format(x)) end
local fill = {
  plain = function(row, run) row.ratio, row.kld, row.verdict = rounded(run.ratio, 4), rounded(run.kld, 3), run.verdict end,
  needle = function(row, run) row["needle %"] = rounded(run.score, 3) end,
  prompts = function(row, run) row.regressed = regressions(run.items) end,
  session = function(row, run) row["session KLD"], row.degraded = rounded(run.kld, 3), degraded(run.items) end,
  trajectory = function(row, run) row["common %"], row.apart = rounded(run.score, 3), first_apart(run.items) end,
  attention = function(row, run) row.attention, row["worst head"] = rounded(run.score, 5), worst_head(run.items) end,
}

local rows = {}
for _, handles in ipairs(asked) do
  local row = {}
  for suite, handle in lab.sorted(handles) do
    local run = handle:wait()
    row.config = run.config
    take(row, suite, run, fill[suite])
  end
  rows[#rows + 1] = row
end
lab.table(rows, { "config", "ratio", "kld", "verdict", "attention", "worst head" })
lab.table(rows, { "config", "needle %", "regressed", "session KLD", "degraded", "common %", "apart" })
for _, why in ipairs(failures) do print(why) end
print("needle: found of what the reference finds. regressed: of the prompts the reference passes. degraded: at this turn.\n"
  .. "common: of greedy continuations; apart: tokens until the first of them parts. attention: mean cosine of weights.\n"
  .. "worst head: layer.head and its cosine.")
return rows
