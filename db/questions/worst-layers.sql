-- The layers of a run with the largest errors; without :run, of the newest run that is done
-- :run = NULL  a run's number
-- :most = 10   layers of keys, and of values
SELECT run, stream, layer, codec, rel_error, query_error, round(8.0 * bytes / n_values, 4) AS bits_per_value
FROM (SELECT *, row_number() OVER (PARTITION BY stream ORDER BY rel_error DESC, layer) AS place
      FROM run_layers
      WHERE run = coalesce(:run, (SELECT max(id) FROM runs WHERE status = 'done')))
WHERE place <= :most
ORDER BY stream, place;
