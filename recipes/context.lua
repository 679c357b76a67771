-- Does the loss grow with the context?
-- Time: 3 minutes on 2 cores (kvant's own model reads 1024 tokens at most; larger models take longer)
--
-- Contexts from 128 tokens up to what the model was trained for, doubling. Per-row codecs should cost the same KLD or
-- less (attention is spread over more positions), block codecs less in bytes, because a skeleton serves more rows.
-- Published for KakeyaTurbo at 4K, 8K and 16K: +0.8, +0.6, +2.0 % on one or two passages each, which decides nothing.
--
--     kvant recipe context
--     kvant recipe context --model other.gguf most=32768

local trained, most = lab.model().context, tonumber(arg.most)
local rows = {}
local ctx = 128
while ctx <= math.min(most or trained, trained) do
  for _, run in ipairs(lab.sweep{ ctx = ctx, protocol = "stream", "turbo3", "turbo4", "k=q8_0 v=turbo3",
    "kakeya(bits=3,block=120,rank=32)" }) do
    rows[#rows + 1] = { ctx, run.config, run.ratio, run.kld, run.kld_lo, run.kld_hi, run.dppl }
  end
  ctx = ctx * 2
end
lab.table(rows, { "ctx", "config", "ratio", "KLD", "from", "to", "dppl %" })
