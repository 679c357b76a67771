-- The heads whose attention changes most; without :run, of the newest attention run
-- :run = NULL  a run's number
-- :most = 20   heads
SELECT run, config, CAST(layer AS INTEGER) AS layer, CAST(head AS INTEGER) AS head, weights_cosine, outputs_cosine, note
FROM v_attention
WHERE run = coalesce(:run, (SELECT max(id) FROM v_runs WHERE suite = 'attention' AND status = 'done'))
ORDER BY weights_cosine, layer, head
LIMIT :most;
