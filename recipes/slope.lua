-- Does the error fall with each bit as it should?
-- Time: 1 minute on 2 cores
--
-- Lloyd-Max loses 3.40, 3.65 and 3.80 times less with each bit from 2 to 5 (`kvant paper h1`); a decoder that drops a norm, or
-- a stage that does not see its bits, shows as a flat line. The table has each config's mean error over layers and, for
-- keys, the error of the logits; with Q-preconditioning the latter is what should fall.
--
--     kvant recipe slope

lab.calibrate{ once = true }

local families = {
  { "polar(bits=%d,scale=plain)", 2 }, { "polar(bits=%d)", 2 }, { "center(polar(bits=%d))", 2 },
  { "kakeya(bits=%d,block=480)", 2 }, { "tqprod(bits=%d)", 3 }, { "rotate(center(polar(bits=%d)))", 2 },
  { "k=qprecond(polar(bits=%d),skip=never) v=f16", 2 },
  { "k=qprecond(center(polar(bits=%d)),skip=never) v=f16", 2 },
  { "k=qprecond(kakeya(bits=%d,block=480),skip=never) v=f16", 2 },
}
local rows = {}
for _, family in ipairs(families) do
  local configs, before = {}, nil
  for bits = family[2], 5 do configs[#configs + 1] = family[1]:format(bits) end
  for i, run in ipairs(lab.sweep{ protocol = "snapshot", ctx = 960, passages = 4, table.unpack(configs) }) do
    local e = { k = 0, v = 0, logits = 0 }
    for _, side in ipairs(run.layers) do
      e[side.stream] = e[side.stream] + side.rel_error
      e.logits = e.logits + (side.query_error or 0)
    end
    local function fall(what) return before and e[what] > 0 and before[what] / e[what] or nil end
    rows[#rows + 1] = { configs[i], e.k * 2 / #run.layers, fall "k", e.v * 2 / #run.layers, fall "v",
      e.logits * 2 / #run.layers, fall "logits" }
    before = e
  end
end
lab.table(rows, { "config", "error of keys", "falls", "of values", "falls ", "of logits", "falls  " })
