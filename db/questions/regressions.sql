-- Prompts that the reference passes and a config fails, of each config's newest prompts run
-- :most = 40  rows
WITH newest AS (SELECT max(id) AS run FROM v_runs WHERE suite = 'prompts' AND status = 'done'
                GROUP BY model_hash, text_hash, config_hash)
SELECT run, model, config, prompt, note, said_ref, said
FROM v_prompts
WHERE run IN (SELECT run FROM newest) AND passed_ref >= 1 AND passed < 1
ORDER BY run DESC, prompt
LIMIT :most;
