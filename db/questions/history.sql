-- Is it reproducible: the spread of KLD over runs of one config by one engine; 0 is what it should be
-- :config = NULL  as in the column config; without it all that ran more than once
SELECT config, model, text, protocol, ctx, passages, substr(engine, 1, 12) AS engine, count(*) AS runs,
       min(kld) AS least_kld, max(kld) AS most_kld, max(kld) - min(kld) AS spread, count(DISTINCT cpu) AS cpus,
       min(date) AS first, max(date) AS last
FROM v_runs
WHERE status = 'done' AND (:config IS NULL OR config = :config)
GROUP BY config_hash, model_hash, text_hash, protocol, ctx, eval, passages, engine, coalesce(calibration_hash, '')
HAVING count(*) > 1 OR :config IS NOT NULL
ORDER BY spread DESC, runs DESC, config;
