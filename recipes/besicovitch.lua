-- What does the published Besicovitch bug cost?
-- Time: 2 minutes on 2 cores
--
-- Values only, keys in f16. As published, the magnitude is divided by the row's largest but quantised on a table that spans
-- 2.7 standard deviations, so that half the levels are never used; mended, the scale is the root mean square and the
-- levels are fitted. Same bytes. The published column is a model of 1.5B with compressed keys, four passages. polar at the
-- same bits is the control.
--
--     kvant recipe besicovitch --protocol snapshot

local published = { d3m4 = 16.0, d4m4 = 0.66, d5m4 = 2.46, d6m4 = 2.77 }
local sizes = { { 2, 3 }, { 2, 4 }, { 3, 3 }, { 3, 4 }, { 4, 4 }, { 5, 4 }, { 6, 4 } }
local configs = {}
for _, size in ipairs(sizes) do
  local text = ("v=besi(block=480,d=%d,m=%d"):format(size[1], size[2])
  configs[#configs + 1] = text .. ",magnitude=published)"
  configs[#configs + 1] = text .. ")"
end
local runs = lab.sweep{ ctx = 960, table.unpack(configs) }
local rows = {}
for i, size in ipairs(sizes) do
  local name = ("d%dm%d"):format(size[1], size[2])
  local bug, mended = runs[2 * i - 1], runs[2 * i]
  rows[i] = { name, mended.bits_per_value, published[name], bug.dppl, mended.dppl, bug.kld, mended.kld, bug.kld / mended.kld }
end
lab.table(rows, { "pairs", "bits/value", "published dppl %", "dppl %, bug", "dppl %, mended", "KLD, bug", "KLD, mended", "times" })
lab.table(lab.sweep{ ctx = 960, "v=polar(bits=2..5)", "v=center(polar(bits=2..5),per=block,block=480)" })
lab.frontier{}
