-- One config over all models and texts; without :config, all that were run on more than one
-- :config = NULL  as in the column config
SELECT config, model, text, protocol, ctx, passages, max(id) AS newest, count(*) AS runs, kld, dppl, top1,
       round(ratio, 3) AS ratio
FROM v_runs
WHERE status = 'done'
  AND CASE WHEN :config IS NULL
           THEN config_hash IN (SELECT config_hash FROM v_runs WHERE status = 'done' GROUP BY config_hash
                                HAVING count(DISTINCT model_hash || text_hash) > 1)
           ELSE config = :config END
GROUP BY config_hash, model_hash, text_hash, protocol, ctx, eval, passages
ORDER BY config, model, text, protocol, ctx;
