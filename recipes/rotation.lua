-- Is there a better rotation than the next one?
-- Time: 2 minutes on 2 cores
--
-- The rotation oracle: a 4-bit codec bare, under eight sign patterns of the Walsh-Hadamard transform and under eight random
-- orthogonal matrices, and pairs under the same. If one rotation were better for these keys and values, the best of eight
-- would stand outside of the intervals of the others. Published for rotated groups: +0.13 % for an oracle per block.
--
--     kvant recipe rotation

local function spread(title, bare, rotated)
  local runs = lab.sweep{ bare, rotated }
  local first = table.remove(runs, 1)
  table.sort(runs, function(a, b) return a.kld < b.kld end)
  local best, middle, worst = runs[1], runs[(#runs + 1) // 2], runs[#runs]
  local apart = lab.diff(middle.id, best.id)
  return { title, first.kld, best.kld, middle.kld, worst.kld, apart.kld.better == "alike" and "no" or "yes" }
end

lab.table({
  spread("q4_0, Hadamard", "q4_0", "rotate(q4_0,kind=wht,signs=0..7)"),
  spread("q4_0, random", "q4_0", "rotate(q4_0,kind=haar,signs=0..7)"),
  spread("pairs d3m3, Hadamard", "besi(d=3,m=3,block=128)", "rotate(besi(d=3,m=3,block=128),kind=wht,signs=0..7)"),
}, { "codec", "bare", "best rotation", "median", "worst", "best differs from the median" })
