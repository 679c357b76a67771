-- Which stage of a codec makes the error?
-- Time: 2 minutes on 2 cores
--
-- Stage by stage: the skeleton codec and the rotated scalar codec with one stage after the other at its real precision,
-- all later ones nearly exact (8 bits). What a step adds is that stage's. A stage whose error does not show in the rows it
-- is in, or that swallows its bits, is a bug: the decoder that dropped a residual's norm would show in the second row.
--
--     kvant recipe stages --protocol snapshot

local chain = {
  { "skeleton, residual at 8 bits", "kakeya(bits=8,block=480,rank=64,skeleton=f32)" },
  { "skeleton in f16", "kakeya(bits=8,block=480,rank=64)" },
  { "residual at 3 bits", "kakeya(bits=3,block=480,rank=64)" },
  { "without k-means lines", "kakeya(bits=3,block=480,rank=64,centres=0)" },
  { "without directions: the mean alone", "center(polar(bits=3),per=block,block=480)" },
  { "without the mean: rotation and levels", "polar(bits=3)" },
  { "the norm as it is", "polar(bits=3,scale=plain)" },
}
local configs = {}
for i, stage in ipairs(chain) do configs[i] = stage[2] end
local rows = {}
for i, run in ipairs(lab.sweep{ ctx = 960, table.unpack(configs) }) do
  local error = { k = 0, v = 0 }
  for _, side in ipairs(run.layers) do error[side.stream] = error[side.stream] + side.rel_error / (#run.layers / 2) end
  rows[i] = { chain[i][1], run.bits_per_value, error.k, error.v, run.kld }
end
lab.table(rows, { "what", "bits/value", "error of keys", "error of values", "KLD" })
