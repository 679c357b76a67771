-- What can be gained on this model, and what does it cost?
--
-- A first look: engines' own formats, rotated scalars at 2 to 6 bits, and other bits for keys than for values. Prints
-- the runs, the frontier, and where one more bit is better spent. Everything is kept: `kvant frontier` and `kvant runs`
-- show it later, and a second tour takes no time.
--
-- Time: 2 minutes on 2 cores
--
--     kvant recipe tour
--     kvant recipe tour --model other.gguf --text book.txt --jobs 2

local model = lab.model()
print(("%s: %d layers, %d kv heads of %d, %d bytes of cache per token in f16"):format(
  model.name, model.layers, model.kv_heads, model.head_dim, model.kv_bytes_per_token_f16))

print("\n1. What engines have, and TurboQuant")
lab.table(lab.sweep{ "f16", "q8_0", "q5_0", "q4_0", "turbo4", "turbo3", "turbo2" })

print("\n2. A rotation and a fitted codebook, 2 to 6 bits")
lab.table(lab.sweep{ { codec = "polar", bits = { 2, 3, 4, 5, 6 } } })

print("\n3. One bit more: for keys, or for values?")
local keys, values = table.unpack(lab.sweep{
  { k = { codec = "polar", bits = 4 }, v = { codec = "polar", bits = 3 } },
  { k = { codec = "polar", bits = 3 }, v = { codec = "polar", bits = 4 } },
})
lab.table{ keys, values }
if keys.status == "done" and values.status == "done" then
  print("better spent on " .. (keys.kld < values.kld and "keys" or "values"))
end

print("\n4. The frontier: what no other run beats")
local front = {}
for _, point in ipairs(lab.frontier{}) do
  if point.class == "frontier" then front[#front + 1] = point end
end
lab.table(front, { "id", "ratio", "kld", "verdict", "config" })
