-- Where the bits go: payload, metadata and what stays exact, per value, newest run of each config
-- :most = 30  rows
SELECT id, config, round(bits_per_value, 4) AS bits, round(8.0 * payload_bytes / n_values, 4) AS payload,
       round(8.0 * metadata_bytes / n_values, 4) AS metadata, round(8.0 * exact_bytes / n_values, 4) AS exact,
       side_bytes, round(100.0 * (metadata_bytes + exact_bytes) / bytes, 2) AS overhead_percent
FROM (SELECT *, row_number() OVER (PARTITION BY config_hash ORDER BY id DESC) AS place
      FROM v_runs
      WHERE status = 'done')
WHERE place = 1 AND bytes > 0
ORDER BY overhead_percent DESC, id
LIMIT :most;
