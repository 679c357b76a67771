-- Does the loss of layers add up?
-- Time: 2 minutes on 2 cores
--
-- Depth compounding: one layer compressed at a time, then the first k together. KakeyaTurbo speaks of a structural floor
-- of +2.5 % a layer; with a right decoder there is none: the KLD of k layers is near the sum of the k alone, and a layer's
-- share differs by how much it matters, not by its depth.
--
--     kvant recipe depth
--     kvant recipe depth codec=turbo2

local codec = arg.codec or "turbo3"
local n = lab.model().layers
local configs = {}
for i = 0, n - 1 do configs[#configs + 1] = ("f16 @%d:%s"):format(i, codec) end
for i = 1, n - 1 do configs[#configs + 1] = ("f16 @0-%d:%s"):format(i, codec) end

local runs = lab.sweep(configs)
local rows, sum = {}, 0
for i = 1, n do
  local alone, together = runs[i], i == 1 and runs[1] or runs[n + i - 1]
  sum = sum + alone.kld
  rows[i] = { i - 1, alone.kld, together.kld, sum, together.kld / sum, together.dppl }
end
lab.table(rows, { "layer", "KLD, alone", "KLD, layers up to it", "sum of those alone", "ratio", "dppl %, up to it" })
