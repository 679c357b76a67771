-- What do better boundary layers buy, at equal bytes?
-- Time: 1 minute on 2 cores
--
-- The layer-adaptive modes 0 to 7 of the TurboQuant fork with turbo keys and values, and the uniform configs between which
-- they lie. What each mode really assigns: `kvant config turbo4 adaptive=7`. On a model of 8 layers mode 2 (the last 8
-- layers) is all of them. Published: mode 7 recovers 37 to 91 % of the loss of turbo2 values against turbo3 values.
--
--     kvant recipe adaptive

local runs = lab.sweep{ "turbo4", "turbo4 adaptive=1", "turbo4 adaptive=2", "turbo4 adaptive=5", "turbo4 adaptive=6",
  "turbo4 adaptive=7", "k=turbo4 v=turbo2", "k=turbo4 v=turbo3", "k=q8_0 v=turbo2", "k=q8_0 v=turbo3",
  "k=q8_0 v=turbo2 adaptive=5", "k=q8_0 v=turbo2 adaptive=7", "turbo3 adaptive=1", "turbo3" }
lab.table(runs)

-- How much of the way from turbo2 to turbo3 values does mode 7 go? Runs 9, 10 and 12.
local low, high, mode = runs[9].kld, runs[10].kld, runs[12].kld
print(("mode 7 with q8_0 keys recovers %.0f %% of the loss (published: 37 to 91 %%)"):format(100 * (low - mode) / (low - high)))
lab.frontier{}
