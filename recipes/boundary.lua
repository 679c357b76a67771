-- Which layers deserve better codecs?
-- Time: 2 minutes on 2 cores
--
-- Boundary sets: none, the first, the last, both, two at either end, and the layers whose keys came out worst when all
-- were treated alike (KakeyaTurbo's rule), each lifted from 2 to 4 bits. Beside them one more bit for all layers. Published:
-- 4, 6 and 8 of 28 layers, +5.0 % to +10 % between neighbouring sets, which was noise (four passages).
--
--     kvant recipe boundary
--     kvant recipe boundary codec=center(polar(bits=2)) better=center(polar)

local low, high = arg.codec or "polar(bits=2)", arg.better or "polar"
local base = lab.run{ low }
local n = #base.layers // 2

-- The two layers with the largest error of the logits.
local keys = {}
for _, side in ipairs(base.layers) do
  if side.stream == "k" then keys[#keys + 1] = side end
end
table.sort(keys, function(a, b) return a.query_error > b.query_error end)
local worst = { keys[1].layer, keys[2] and keys[2].layer or keys[1].layer }
table.sort(worst)

local sets = {
  { "none", "" },
  { "first", " @0:" .. high },
  { "last", " @-1:" .. high },
  { "first and last", " @0,-1:" .. high },
  { "worst two: " .. worst[1] .. ", " .. worst[2], (" @%d,%d:%s"):format(worst[1], worst[2], high) },
  { "keys of the worst two", (" @%d,%d:k=%s"):format(worst[1], worst[2], high) },
}
if n >= 6 then sets[#sets + 1] = { "two at either end", " @0-1,-2..-1:" .. high } end
local configs = {}
for i, set in ipairs(sets) do configs[i] = low .. set[2] end
sets[#sets + 1] = { "all", "" }
configs[#configs + 1] = high

local rows = {}
for i, run in ipairs(lab.sweep(configs)) do
  local saved = math.log(base.kld / run.kld)
  local spent = run.bits_per_value - base.bits_per_value
  rows[i] = { sets[i][1], run.bits_per_value, run.kld, run.kld_lo, run.kld_hi, spent > 0 and saved / spent or nil }
end
lab.table(rows, { "lifted", "bits/value", "KLD", "from", "to", "log KLD saved per bit" })
lab.frontier{}
