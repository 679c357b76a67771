-- Does a skeleton do more than a mean?
-- Time: 5 minutes on 2 cores
--
-- The cells nobody ran, the controls KakeyaTurbo's reports are missing: 4 bits without outliers and Besicovitch values under
-- two boundary layers, with exact and sketched PCA; the skeleton without Q-preconditioning at 2 to 4 bits (never measured
-- with a right decoder); a Gaussian against a calibrated table; values in pairs with fixed scales; no skeleton at all, but
-- the mean removed, rotated and quantised (the control that costs bits + 0.125 bits a value); the published header
-- against the tight one; the least-squares gain; pooled heads; no k-means lines.
--
--     kvant recipe unrun --protocol snapshot

lab.calibrate{ once = true }

local boundary = " @0,-1:kakeya(bits=4,block=480,rank=64)"
local runs = lab.sweep{ ctx = 960,
  "k=qprecond(kakeya(bits=4,block=480,rank=64),skip=never) v=besi(block=480)" .. boundary,
  "k=qprecond(kakeya(bits=4,block=480,pca=rsvd,rank=64),skip=never) v=besi(block=480)" .. boundary,
  "kakeya(bits=2..4,block=480,rank=64)",
  "kakeya(bits=2..4,block=480)",
  "kakeya(bits=3,block=480,rank=64,codebook=calibrated)",
  "v=riemann_besi(d=3,m=4,block=480)", "v=riemann_besi(d=2,m=3,block=480)", "v=besi(d=3,m=4,block=480)",
  "center(polar(bits=2..5))", "center(polar(bits=2..5),per=block,block=480)", "polar(bits=2..5)",
  "kakeya(bits=3,block=480,rank=64,header=published)",
  "kakeya(bits=3,block=480,rank=64,gain=lsq)",
  "kakeya(bits=3,block=960,rank=64,pool=layer)",
  "kakeya(bits=3,block=480,rank=64,centres=0)",
}
table.sort(runs, function(a, b) return a.bits_per_value < b.bits_per_value end)
lab.table(runs)
lab.frontier{}
