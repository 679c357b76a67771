-- The runs on the frontier with a KLD of at most :kld, cheapest first, for every comparable set
-- :kld = 0.01  nats
WITH newest AS (
    SELECT *, row_number() OVER (PARTITION BY model_hash, text_hash, protocol, ctx, eval, passages, config_hash
                                 ORDER BY id DESC) AS place
    FROM v_runs
    WHERE status = 'done'
),
ranked AS (
    SELECT *, max(-kld) OVER (PARTITION BY model_hash, text_hash, protocol, ctx, eval, passages
                              ORDER BY ratio DESC, kld GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS rival
    FROM newest
    WHERE place = 1
)
SELECT model, text, protocol, ctx, passages, config, round(ratio, 3) AS ratio, kld, kld_hi, dppl, verdict, id
FROM ranked
WHERE kld <= :kld AND (rival IS NULL OR -kld > rival)
ORDER BY model, text, protocol, ctx, passages, ratio DESC;
