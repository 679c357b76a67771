-- Do D4 and E8 beat Lloyd-Max at equal bits?
-- Time: 1 minute on 2 cores
--
-- D4 and E8 against Hadamard and Lloyd-Max on real keys and values. KakeyaLattice compares itself with a uniform quantiser
-- under TurboQuant's name; here it stands beside polar. clip=max is as published (the row's largest value sets the step),
-- clip=optimal a step for the least error, at the same bits. On Gaussian rows: 3 bits polar 0.034; D4 q=4 (3 bits) 0.055 as
-- published, 0.037 with the optimal step.
--
--     kvant recipe lattice

local runs = lab.sweep{ "lattice(kind={d4,e8},q={2,4,10},clip=max)", "lattice(kind={d4,e8},q={2,4,10})",
  "lattice(kind=z,q={2,4,10})", "polar(bits=2..5)", "turbo3", "turbo4", "turbo4_lm" }
table.sort(runs, function(a, b) return a.bits_per_value < b.bits_per_value end)
lab.table(runs)
lab.frontier{}
