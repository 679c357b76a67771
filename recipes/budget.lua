-- Which config is best for my model within a budget, and would another one do as well?
--
-- Measures keys and values from four families in all pairs that matter, keeps what fits into the budget of bits per
-- value, and compares the best with each of the next four, pair by pair. With save=NAME the winner is kept as a profile
-- (`kvant profile NAME` shows and exports it).
--
-- Time: 4 minutes on 2 cores
--
--     kvant recipe budget bits=4 --model my.gguf
--     kvant recipe budget bits=5 save=mine --jobs 2

local budget = tonumber(arg.bits or 4.25)
assert(budget, "bits=X is a number")

local runs = lab.sweep{
  "q4_0", "turbo2", "turbo3", "turbo4",
  k = { "polar(bits=2..5)", "rotate(q4_0)", "q8_0" },
  v = { "polar(bits=2..5)", "rotate(q4_0)" },
}

local fits = {}
for _, run in ipairs(runs) do
  if run.status == "done" and run.bits_per_value <= budget then fits[#fits + 1] = run end
end
if #fits == 0 then
  print(("none of %d configs stays within %g bits per value"):format(#runs, budget))
  return false
end
table.sort(fits, function(a, b) return a.kld < b.kld end)

local best, shown = fits[1], {}
for i = 1, math.min(5, #fits) do
  local run = fits[i]
  -- Paired: the same positions of the same passages, so the interval is that of the difference.
  local same = i > 1 and lab.diff(best, run).kld.better == "alike"
  shown[i] = { id = run.id, bits = run.bits_per_value, ratio = run.ratio, kld = run.kld, config = run.config,
               [""] = same and "cannot be told from the best" or nil }
end
lab.table(shown, { "id", "bits", "ratio", "kld", "", "config" })
print(("\nwithin %g bits per value: %s (%.3f bits, %.3fx, KLD %.3g)"):format(
  budget, best.config, best.bits_per_value, best.ratio, best.kld))
if arg.save then lab.profile{ name = arg.save, base = best.config } end
return { config = best.config, bits = best.bits_per_value, kld = best.kld, id = best.id }
