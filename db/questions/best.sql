-- The runs with a KLD of at most :kld, most compressed first, for every comparable set
-- :kld = 0.01  nats
SELECT model, text, protocol, ctx, passages, config, round(ratio, 3) AS ratio, kld, kld_hi, dppl, verdict, id
FROM v_runs
WHERE status = 'done' AND kld <= :kld
ORDER BY model, text, protocol, ctx, passages, ratio DESC, kld, id DESC;
