-- How far can the cache be compressed with a KLD of at most x?
--
-- Walks a ladder of configs from few bytes to many: rotated scalars at 1 to 8 bits, and between two rungs of bits the
-- first n layers already at the higher one. More bytes never lose much, so the rung is found by bisection: 6 or 7 runs
-- instead of all. The last word has a measurement: what is printed was run, and is at most x.
--
-- Time: 30 seconds on 2 cores
--
--     kvant recipe bisect                     KLD at most 0.01 nats
--     kvant recipe bisect kld=0.002 codec=turbo_lm

local limit = tonumber(arg.kld or 0.01)
assert(limit and limit > 0, "kld=X is a number above 0")
local codec = arg.codec or "polar"
local layers = lab.model().layers

local ladder = {}
for bits = 1, 7 do
  for n = 0, layers - 1 do
    local higher = n > 0 and { ["0-" .. n - 1] = ("%s(bits=%d)"):format(codec, bits + 1) } or nil
    ladder[#ladder + 1] = { ("%s(bits=%d)"):format(codec, bits), layers = higher }
  end
end
ladder[#ladder + 1] = codec .. "(bits=8)"

-- Everything below `low` is too coarse, `high` is known to be fine.
local low, high, best = 0, #ladder + 1, nil
while high - low > 1 do
  local middle = (low + high) // 2
  local run = lab.run{ ladder[middle] }
  local fine = run.status == "done" and run.kld <= limit
  print(("%-44s %7.3fx  KLD %-10.3g %s"):format(run.config, run.ratio or 0, run.kld or 0 / 0, fine and "fine" or "too much"))
  if fine then high, best = middle, run else low = middle end
end

if not best then
  print(("nothing on this ladder has a KLD of %g or less"):format(limit))
  return false
end
print(("\n%.3fx: %s, KLD %.3g [%.3g, %.3g]"):format(best.ratio, best.config, best.kld, best.kld_lo, best.kld_hi))
if best.kld_hi > limit then print("its interval reaches over the limit: with more passages the answer may be one rung up") end
return { config = best.config, ratio = best.ratio, kld = best.kld, id = best.id }
