-- Does a sign sketch beat one more bit of codebook?
-- Time: 2 minutes on 2 cores
--
-- QJL on and off at equal bits, keys only: TurboQuant_prod spends one of its bits on signs of a projection of the
-- residual, which makes inner products unbiased and their variance larger; polar spends it on the codebook. The fork that
-- shipped turbo3 and turbo4 dropped the sketch for that reason: published for its turbo4 on a 35B model, perplexity 6.1894
-- with the sketch and 6.1756 without. qjl alone stands beside them at its own rate.
--
--     kvant recipe qjl

local rows = {}
for bits = 2, 5 do
  local on, off = table.unpack(lab.sweep{ v = "f16", k = { ("tqprod(bits=%d)"):format(bits), ("polar(bits=%d)"):format(bits) } })
  rows[#rows + 1] = { bits, on.kld, off.kld, on.kld / off.kld, on.dppl, off.dppl }
end
lab.table(rows, { "bits", "KLD, with the sketch", "KLD, without", "times", "dppl %, with", "dppl %, without" })
lab.sweep{ v = "f16", k = { "qjl", "qjl(bits=512)", "polar(bits=3,scale=unbiased)" } }
lab.frontier{}
