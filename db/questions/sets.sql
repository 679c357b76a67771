-- The comparable sets: what was run on the same model, text and protocol
SELECT model, text, protocol, ctx, eval, passages, count(*) AS runs, count(DISTINCT config_hash) AS configs,
       sum(status = 'failed') AS failed, max(date) AS last
FROM v_runs
GROUP BY model_hash, text_hash, protocol, ctx, eval, passages
ORDER BY max(id) DESC;
