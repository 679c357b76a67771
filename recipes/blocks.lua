-- How large should a skeleton's blocks be, and how much variance should it hold?
-- Time: 6 minutes on 2 cores with --passages 8
--
-- Bits of the residual x share of the variance that the kept directions hold x rows per block, and the control: the
-- calibrated mean alone. Published with the broken decoder: +100 % at blocks of 512 down to +0.9 % at blocks of 16 (4 bits),
-- which was one unit vector of error whatever the block; here the rows with few bits show what the size itself does. A
-- small block pays more for its skeleton.
--
--     kvant recipe blocks --protocol snapshot --passages 8

lab.calibrate{ once = true }

local runs = lab.sweep{ ctx = 960, "kakeya(bits=2..4,block={240,480,960},variance={0.9,0.95,0.98,1})", "center(polar(bits=2..4))" }
table.sort(runs, function(a, b) return a.bits_per_value < b.bits_per_value end)
lab.table(runs, { "bits_per_value", "kld", "kld_lo", "kld_hi", "dppl", "config" })
lab.frontier{}
