-- Does one more bit pay on keys or on values?
-- Time: 3 minutes on 2 cores for each protocol
--
-- Polar (rotation and Lloyd-Max) at 2 to 6 bits on each side, and f16 on each. Published: keys need more bits than values,
-- because their error passes through the softmax (K 4 / V 2 against K 2 / V 4, design of KV-AdaQuant; q8_0 keys rescue
-- turbo3 values).
--
--     kvant recipe bits
--     kvant recipe bits --protocol snapshot

local sides = lab.expand("f16", "polar(bits=2..6)")
local runs = lab.sweep{ k = sides, v = sides }
local function kld(k, v) return runs[(k - 1) * #sides + v].kld end

-- One side in f16 says what the other costs alone.
local rows = {}
for i = 2, #sides do
  local k, v, both = kld(i, 1), kld(1, i), kld(i, i)
  rows[#rows + 1] = { i, k, v, k / v, both, both / (k + v) }
end
lab.table(rows, { "bits", "KLD, keys alone", "KLD, values alone", "keys / values", "both", "both / sum" })
lab.frontier{}
