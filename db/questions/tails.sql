-- Runs whose mean KLD looks fine and whose tail does not: p99.9 against the mean
-- :kld = 0.01  nats: the mean is at most this
-- :most = 20   rows
SELECT id, config, model, text, kld, kld_p99, kld_p999, kld_max, round(kld_p999 / kld, 1) AS times_the_mean, top1
FROM v_runs
WHERE status = 'done' AND kld > 0 AND kld <= :kld
ORDER BY times_the_mean DESC, id
LIMIT :most;
