-- The codecs that take most time per token and layer, encoding and decoding
-- :most = 20  rows
SELECT id, config, model, ms_per_token, encode_gbs, decode_gbs, wall_s, threads, simd
FROM v_runs
WHERE status = 'done' AND ms_per_token IS NOT NULL
ORDER BY ms_per_token DESC, id
LIMIT :most;
