-- What suites say of each config, beside its KLD: the score of its newest run of each
WITH newest AS (SELECT max(id) AS run FROM v_runs WHERE suite <> '' AND status = 'done'
                GROUP BY model_hash, suite, config_hash)
SELECT model, config, round(max(ratio), 3) AS ratio,
       max(CASE WHEN suite = 'needle' THEN score END) AS needle,
       max(CASE WHEN suite = 'prompts' THEN score END) AS prompts,
       max(CASE WHEN suite = 'session' THEN score END) AS session,
       max(CASE WHEN suite = 'trajectory' THEN score END) AS trajectory,
       max(CASE WHEN suite = 'attention' THEN score END) AS attention,
       round(max(kld), 5) AS worst_kld
FROM v_runs
WHERE id IN (SELECT run FROM newest)
GROUP BY model_hash, config_hash
ORDER BY model, ratio DESC, config;
