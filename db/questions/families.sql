-- Pairs of codecs for keys and values, whatever their parameters: how many runs, and the best figures
WITH named AS (
    SELECT *, substr(k, 1, instr(k || '(', '(') - 1) AS key_codec,
           substr(v, 1, instr(v || '(', '(') - 1) AS value_codec
    FROM v_runs
)
SELECT key_codec AS k, value_codec AS v, count(*) AS runs, sum(status = 'failed') AS failed,
       round(max(ratio), 3) AS best_ratio, min(kld) AS best_kld,
       round(max(ratio) FILTER (WHERE kld <= 0.01), 3) AS ratio_at_kld_0_01
FROM named
GROUP BY key_codec, value_codec
ORDER BY runs DESC, k, v;
