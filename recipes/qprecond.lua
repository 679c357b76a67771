-- Does whitening keys by the queries pay?
-- Time: 4 minutes on 2 cores
--
-- Q-preconditioning off and on, keys only, values in f16. Published: "Q-precond is worth 317 points" of dppl, measured
-- against a decoder that dropped the residual's norm whenever it was off, and whitening by the moment of queries before
-- RoPE. Each codec is tried bare, whitened as published, whitened by the queries as keys meet them (RoPE's turns averaged
-- over all distances), and whitened only where that won on held-out rows of the calibration (the log says where).
--
--     kvant recipe qprecond --protocol snapshot

lab.calibrate{ once = true }

local ways = { "%s", "qprecond(%s,skip=never,moment=plain)", "qprecond(%s,skip=never)", "qprecond(%s)" }
local rows = {}
for _, codec in ipairs { "polar(bits=%d)", "center(polar(bits=%d))", "kakeya(bits=%d,block=480)" } do
  for bits = 2, 4 do
    local inner, keys = codec:format(bits), {}
    for i, way in ipairs(ways) do keys[i] = way:format(inner) end
    local row = { inner }
    for i, run in ipairs(lab.sweep{ ctx = 960, v = "f16", k = keys }) do row[i + 1] = run.kld end
    rows[#rows + 1] = row
  end
end
lab.table(rows, { "keys", "KLD, bare", "as published", "by the moment met", "where it wins" })
lab.frontier{}
