-- Which of KakeyaTurbo's guardrails pay?
-- Time: 10 minutes on 2 cores for each protocol
--
-- The guardrail ladder, with a decoder that keeps the residual's norm. Each rung adds one guardrail to the skeleton codec:
-- V0 bare, V1 Q-preconditioning and boundary layers, V2 a calibrated table for keys, V3 one for values, V4 Besicovitch
-- values; B0 ... B3 the same at 3 bits with outliers beyond 2.0 at the end; C1 (which R3 repeats) outliers beyond 1.5; C2
-- rank 96; C3 4 bits; C4 more boundary layers; R1 and R2 2 bits with outliers. The published column is DeepSeek-R1-Distill-
-- Qwen-1.5B, four passages; there V0 and B0 decoded every residual of a key with length 1, whatever its norm. Here one
-- boundary layer at either end (two of eight layers; there 4 to 8 of 28), blocks of 480 rows per head, and keys whitened by
-- the queries they meet.
--
--     kvant recipe ladder --protocol snapshot

lab.calibrate{ once = true }

local function kakeya(bits, more)
  return ("kakeya(bits=%d,block=480,pca=rsvd,rank=64%s)"):format(bits, more or "")
end
local function guarded(keys, values, boundary)
  return ("k=qprecond(%s,skip=never) v=%s @%s:%s"):format(keys, values, boundary or "0,-1", kakeya(4))
end
local table_of, pairs_of = ",codebook=calibrated", "besi(block=480,magnitude=published)"

local rungs = { -- name, published dppl in percent, config
  { "V0", 355.6, kakeya(2) },
  { "V0 with boundary layers", nil, kakeya(2) .. " @0,-1:" .. kakeya(4) },
  { "V1, published moment", 37.9, ("k=qprecond(%s,skip=never,moment=plain) v=%s @0,-1:%s"):format(kakeya(2), kakeya(2), kakeya(4)) },
  { "V1", 37.9, guarded(kakeya(2), kakeya(2)) },
  { "V2", 36.5, guarded(kakeya(2, table_of), kakeya(2)) },
  { "V3", 25.2, guarded(kakeya(2, table_of), kakeya(2, table_of)) },
  { "V4", 16.0, guarded(kakeya(2, table_of), pairs_of) },
  { "B0", 374.9, kakeya(3) },
  { "B1", 15.7, guarded(kakeya(3, table_of), kakeya(3, table_of)) },
  { "B2", 16.0, guarded(kakeya(3, table_of), pairs_of) },
  { "B3", 5.36, guarded(kakeya(3, table_of .. ",outlier=2"), pairs_of) },
  { "C1, R3", 5.62, guarded(kakeya(3, table_of .. ",outlier=1.5"), pairs_of) },
  { "C2", 6.96, (guarded(kakeya(3, table_of .. ",outlier=2"), pairs_of):gsub("rank=64", "rank=96")) },
  { "C3", 4.95, guarded(kakeya(4, table_of .. ",outlier=2"), pairs_of) },
  { "C4", 9.95, guarded(kakeya(3, table_of .. ",outlier=2"), pairs_of, "0-1,-2..-1") },
  { "R1", 7.09, guarded(kakeya(2, table_of .. ",outlier=2"), pairs_of) },
  { "R2", 3.88, guarded(kakeya(2, table_of .. ",outlier=1.5"), pairs_of) },
}
local configs = {}
for i, rung in ipairs(rungs) do configs[i] = rung[3] end
local rows = {}
for i, run in ipairs(lab.sweep{ ctx = 960, table.unpack(configs) }) do
  rows[i] = { rungs[i][1], rungs[i][2], run.dppl, run.dppl_lo, run.dppl_hi, run.kld, run.bits_per_value }
end
lab.table(rows, { "rung", "published dppl %", "dppl %", "from", "to", "KLD", "bits/value" })
lab.frontier{}
