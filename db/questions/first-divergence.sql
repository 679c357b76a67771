-- After how many tokens greedy continuations part: by config, of its newest trajectory run
-- :most = 40  rows
WITH newest AS (SELECT max(id) AS run FROM v_runs WHERE suite = 'trajectory' AND status = 'done'
                GROUP BY model_hash, text_hash, config_hash),
     each AS (SELECT *, common < max(length_ref, length) AS parts FROM v_trajectory WHERE run IN (SELECT run FROM newest))
SELECT run, model, config, count(*) AS continuations, sum(parts) AS parted,
       min(CASE WHEN parts THEN common END) AS first_after,
       round(avg(CASE WHEN parts THEN common END), 1) AS mean_after,
       round(100 * avg(common / max(length_ref, length)), 2) AS common_percent, round(avg(kld), 5) AS kld
FROM each
GROUP BY run
ORDER BY common_percent DESC, run DESC
LIMIT :most;
