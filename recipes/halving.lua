-- Which of many configs loses least within a budget of bits, without measuring all of them in full?
--
-- Successive halving: all candidates on a few passages, the better half of them on twice as many, and so on. Candidates
-- over the budget drop out after the first round, because bits per value hardly depend on the passages.
--
-- Time: 2 minutes on 2 cores
--
--     kvant recipe halving                    at most 4.5 bits per value
--     kvant recipe halving bits=3.5 --jobs 2

local budget = tonumber(arg.bits or 4.5)
assert(budget, "bits=X is a number")

local rivals = lab.expand(
  "polar(bits=2..5)", "rotate({q4_0,q4_1,iq4_nl})", "q4_0", "turbo2", "turbo3", "turbo4", "turbo4_lm", "mxfp4", "nvfp4",
  { k = "polar(bits=2..5)", v = "polar(bits=2..4)" },
  { k = "turbo4", v = "turbo2" }, { k = "turbo4", v = "turbo3" })

local function better(a, b)
  return a.kld < b.kld or (a.kld == b.kld and a.config < b.config)
end

-- One round: all at once, the failed and the too large left out, the best first.
local function round(configs, passages)
  local begun = {}
  for i, config in ipairs(configs) do
    begun[i] = lab.start{ config, passages = passages }
  end
  local good = {}
  for _, run in ipairs(lab.wait(begun)) do
    if run.status == "done" and run.bits_per_value <= budget then good[#good + 1] = run end
  end
  table.sort(good, better)
  return good
end

local passages, good = 4, {}
repeat
  good = round(rivals, passages)
  if #good == 0 then
    print(("none of %d configs stays within %g bits per value"):format(#rivals, budget))
    return false
  end
  print(("%2d passages: %2d of %2d go on, %s leads with KLD %.4g"):format(
    passages, math.max(1, #good // 2), #rivals, good[1].config, good[1].kld))
  rivals = {}
  for i = 1, math.max(1, #good // 2) do rivals[i] = good[i].config end
  passages = passages * 2
until #rivals == 1

print("\nThe last round:")
lab.table(good)
return { config = good[1].config, bits = good[1].bits_per_value, kld = good[1].kld, id = good[1].id }
