-- Which of PCA, skeleton format and shared skeletons matters?
-- Time: 1 minute on 2 cores
--
-- Two to the third: exact or sketched PCA, mean and directions in f16 or f32, a skeleton per block or one for two blocks.
-- KakeyaTurbo changed these one at a time, and blamed the sketch for 69 points of dppl that its decoder had cost.
-- The effect of a factor is the mean ratio of KLD over the four pairs that differ in it alone.
--
--     kvant recipe factorial --protocol snapshot

local factors = {
  { name = "pca", "exact", "rsvd" },
  { name = "skeleton", "f16", "f32" },
  { name = "shared", "1", "2" },
}
local runs = lab.sweep{ ctx = 960,
  "kakeya(bits=3,block=480,rank=64,pca={exact,rsvd},skeleton={f16,f32},shared={1,2})" }

-- The grid turns its last factor fastest.
local function at(i, j, k) return runs[4 * i + 2 * j + k + 1] end
local effects = {}
for f, factor in ipairs(factors) do
  local log_kld, bits = 0, 0
  for a = 0, 1 do
    for b = 0, 1 do
      local low, high = { a, b }, { a, b }
      table.insert(low, f, 0)
      table.insert(high, f, 1)
      local x, y = at(table.unpack(low)), at(table.unpack(high))
      log_kld = log_kld + math.log(y.kld / x.kld) / 4
      bits = bits + (y.bits_per_value - x.bits_per_value) / 4
    end
  end
  effects[f] = { factor.name, factor[1] .. " to " .. factor[2], math.exp(log_kld), bits }
end
lab.table(effects, { "factor", "step", "KLD times", "bits/value plus" })
lab.frontier{}
