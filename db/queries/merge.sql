INSERT INTO main.models (hash, name, path, arch, layers, heads, kv_heads, head_dim, params, file_bytes, weight_type)
SELECT hash, name, path, arch, layers, heads, kv_heads, head_dim, params, file_bytes, weight_type
FROM shard.models WHERE true
ON CONFLICT (hash) DO NOTHING;

INSERT INTO main.texts (hash, name, kind, seed, tokens)
SELECT hash, name, kind, seed, tokens FROM shard.texts WHERE true
ON CONFLICT (hash) DO NOTHING;

INSERT INTO main.configs (hash, canonical, k, v)
SELECT hash, canonical, k, v FROM shard.configs WHERE true
ON CONFLICT (hash) DO NOTHING;

INSERT INTO main.calibrations (hash, text, text_hash, tokens)
SELECT hash, text, text_hash, tokens FROM shard.calibrations WHERE true
ON CONFLICT (hash) DO NOTHING;

INSERT INTO main.environments (hash, version, engine, cpu, simd, compiler, os)
SELECT hash, version, engine, cpu, simd, compiler, os FROM shard.environments WHERE true
ON CONFLICT (hash) DO NOTHING;

INSERT INTO main.runs (started, finished, wall_s, model, text, config, environment, protocol, ctx, eval, passages,
                       threads, seed, status, reason, phase, n_values, bytes, payload_bytes, metadata_bytes,
                       exact_bytes, side_bytes, ratio, bits_per_value, ratio_ctx, ratio_128k, kld, kld_lo, kld_hi,
                       kld_median, kld_p99, kld_p999, kld_max, ppl, ppl_ref, dppl, dppl_lo, dppl_hi, top1, top1_lo,
                       top1_hi, rms_dp, rms_dp_lo, rms_dp_hi, verdict, verdict_note, encode_gbs, decode_gbs,
                       ms_per_token, peak_rss_bytes, calibration, uid, suite, suite_options, score, score_ref)
SELECT started, finished, wall_s,
       (SELECT n.id FROM main.models AS n JOIN shard.models AS o ON n.hash = o.hash WHERE o.id = r.model),
       (SELECT n.id FROM main.texts AS n JOIN shard.texts AS o ON n.hash = o.hash WHERE o.id = r.text),
       (SELECT n.id FROM main.configs AS n JOIN shard.configs AS o ON n.hash = o.hash WHERE o.id = r.config),
       (SELECT n.id FROM main.environments AS n JOIN shard.environments AS o ON n.hash = o.hash
        WHERE o.id = r.environment),
       protocol, ctx, eval, passages, threads, seed, status, reason, phase, n_values, bytes, payload_bytes,
       metadata_bytes, exact_bytes, side_bytes, ratio, bits_per_value, ratio_ctx, ratio_128k, kld, kld_lo, kld_hi,
       kld_median, kld_p99, kld_p999, kld_max, ppl, ppl_ref, dppl, dppl_lo, dppl_hi, top1, top1_lo, top1_hi, rms_dp,
       rms_dp_lo, rms_dp_hi, verdict, verdict_note, encode_gbs, decode_gbs, ms_per_token, peak_rss_bytes,
       (SELECT n.id FROM main.calibrations AS n JOIN shard.calibrations AS o ON n.hash = o.hash
        WHERE o.id = r.calibration),
       uid, suite, suite_options, score, score_ref
FROM shard.runs AS r
WHERE uid NOT IN (SELECT uid FROM main.runs WHERE uid IS NOT NULL)
ORDER BY r.id;

INSERT INTO main.run_layers (run, layer, stream, codec, rel_error, query_error, n_values, bytes)
SELECT n.id, l.layer, l.stream, l.codec, l.rel_error, l.query_error, l.n_values, l.bytes
FROM main.runs AS n
JOIN shard.runs AS o ON o.uid = n.uid
JOIN shard.run_layers AS l ON l.run = o.id
WHERE n.id > :before;

INSERT INTO main.run_blocks (run, passage, block, n, nll_ref, nll, kld, dp2, same_top)
SELECT n.id, b.passage, b.block, b.n, b.nll_ref, b.nll, b.kld, b.dp2, b.same_top
FROM main.runs AS n
JOIN shard.runs AS o ON o.uid = n.uid
JOIN shard.run_blocks AS b ON b.run = o.id
WHERE n.id > :before;

INSERT INTO main.run_items (run, item, label, x, y, n, score_ref, score, second, kld, agreement, note, said_ref,
                            said)
SELECT n.id, i.item, i.label, i.x, i.y, i.n, i.score_ref, i.score, i.second, i.kld, i.agreement, i.note, i.said_ref, i.said
FROM main.runs AS n
JOIN shard.runs AS o ON o.uid = n.uid
JOIN shard.run_items AS i ON i.run = o.id
WHERE n.id > :before;
