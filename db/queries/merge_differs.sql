SELECT o.id AS theirs, NULL AS ours, '' AS uid
FROM shard.runs AS o
WHERE o.uid IS NULL OR o.uid = ''
UNION ALL
SELECT o.id, n.id, o.uid
FROM shard.runs AS o
JOIN main.runs AS n ON n.uid = o.uid
WHERE (o.started, o.finished, o.wall_s, o.protocol, o.ctx, o.eval, o.passages, o.threads, o.seed, o.status, o.reason,
       o.phase, o.n_values, o.bytes, o.payload_bytes, o.metadata_bytes, o.exact_bytes, o.side_bytes, o.ratio,
       o.bits_per_value, o.ratio_ctx, o.ratio_128k, o.kld, o.kld_lo, o.kld_hi, o.kld_median, o.kld_p99, o.kld_p999,
       o.kld_max, o.ppl, o.ppl_ref, o.dppl, o.dppl_lo, o.dppl_hi, o.top1, o.top1_lo, o.top1_hi, o.rms_dp, o.rms_dp_lo,
       o.rms_dp_hi, o.verdict, o.verdict_note, o.encode_gbs, o.decode_gbs, o.ms_per_token, o.peak_rss_bytes, o.suite, o.suite_options,
       o.score, o.score_ref)
      IS NOT
      (n.started, n.finished, n.wall_s, n.protocol, n.ctx, n.eval, n.passages, n.threads, n.seed, n.status, n.reason,
       n.phase, n.n_values, n.bytes, n.payload_bytes, n.metadata_bytes, n.exact_bytes, n.side_bytes, n.ratio,
       n.bits_per_value, n.ratio_ctx, n.ratio_128k, n.kld, n.kld_lo, n.kld_hi, n.kld_median, n.kld_p99, n.kld_p999,
       n.kld_max, n.ppl, n.ppl_ref, n.dppl, n.dppl_lo, n.dppl_hi, n.top1, n.top1_lo, n.top1_hi, n.rms_dp, n.rms_dp_lo,
       n.rms_dp_hi, n.verdict, n.verdict_note, n.encode_gbs, n.decode_gbs, n.ms_per_token, n.peak_rss_bytes, n.suite, n.suite_options,
       n.score, n.score_ref)
   OR (SELECT hash FROM shard.models WHERE id = o.model) IS NOT (SELECT hash FROM main.models WHERE id = n.model)
   OR (SELECT hash FROM shard.texts WHERE id = o.text) IS NOT (SELECT hash FROM main.texts WHERE id = n.text)
   OR (SELECT hash FROM shard.configs WHERE id = o.config) IS NOT (SELECT hash FROM main.configs WHERE id = n.config)
   OR (SELECT hash FROM shard.environments WHERE id = o.environment)
      IS NOT (SELECT hash FROM main.environments WHERE id = n.environment)
   OR (SELECT hash FROM shard.calibrations WHERE id = o.calibration)
      IS NOT (SELECT hash FROM main.calibrations WHERE id = n.calibration)
   OR (SELECT count(*) FROM shard.run_layers WHERE run = o.id) <> (SELECT count(*) FROM main.run_layers WHERE run = n.id)
   OR (SELECT count(*) FROM shard.run_blocks WHERE run = o.id) <> (SELECT count(*) FROM main.run_blocks WHERE run = n.id)
   OR (SELECT count(*) FROM shard.run_items WHERE run = o.id) <> (SELECT count(*) FROM main.run_items WHERE run = n.id)
   OR EXISTS (SELECT layer, stream, codec, rel_error, query_error, n_values, bytes
              FROM shard.run_layers WHERE run = o.id
              EXCEPT
              SELECT layer, stream, codec, rel_error, query_error, n_values, bytes
              FROM main.run_layers WHERE run = n.id)
   OR EXISTS (SELECT passage, block, n, nll_ref, nll, kld, dp2, same_top FROM shard.run_blocks WHERE run = o.id
              EXCEPT
              SELECT passage, block, n, nll_ref, nll, kld, dp2, same_top FROM main.run_blocks WHERE run = n.id)
   OR EXISTS (SELECT item, label, x, y, n, score_ref, score, second, kld, agreement, note, said_ref, said
              FROM shard.run_items WHERE run = o.id
              EXCEPT
              SELECT item, label, x, y, n, score_ref, score, second, kld, agreement, note, said_ref, said
              FROM main.run_items WHERE run = n.id)
LIMIT 1
