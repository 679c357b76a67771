-- How fast KLD falls with bits: the factor per bit, fitted for each pair of codecs of a set; theory says 1/4
-- :least = 3  configs a fit needs
WITH points AS (
    SELECT model, text, protocol, ctx, eval, passages,
           substr(k, 1, instr(k || '(', '(') - 1) AS k, substr(v, 1, instr(v || '(', '(') - 1) AS v,
           bits_per_value AS x, ln(kld) AS y, max(id)
    FROM v_runs
    WHERE status = 'done' AND kld > 0
    GROUP BY model_hash, text_hash, protocol, ctx, eval, passages, config_hash
),
sums AS (
    SELECT model, text, protocol, ctx, passages, k, v, count(*) AS n, sum(x) AS sx, sum(y) AS sy, sum(x * x) AS sxx,
           sum(x * y) AS sxy, min(x) AS from_bits, max(x) AS to_bits
    FROM points
    GROUP BY model, text, protocol, ctx, eval, passages, k, v
)
SELECT model, text, protocol, ctx, passages, k, v, n AS configs,
       round(from_bits, 2) AS from_bits, round(to_bits, 2) AS to_bits,
       round(exp((n * sxy - sx * sy) / (n * sxx - sx * sx)), 4) AS factor_per_bit
FROM sums
WHERE n >= :least AND to_bits - from_bits > 0.01
ORDER BY factor_per_bit;
