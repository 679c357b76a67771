-- How many runs got which verdict, in every comparable set
SELECT model, text, protocol, ctx, passages, CASE WHEN status = 'failed' THEN 'failed' ELSE verdict END AS result,
       count(*) AS runs, round(max(ratio), 3) AS best_ratio, min(kld) AS least_kld, max(kld) AS most_kld
FROM v_runs
GROUP BY model_hash, text_hash, protocol, ctx, eval, passages, result
ORDER BY model, text, protocol, ctx, passages, runs DESC;
