-- What the reference finds and a config does not: by config, kind and length, of each config's newest needle run
-- :least = 0  tokens: haystacks of at least this
-- :most = 40  rows
WITH newest AS (SELECT max(id) AS run FROM v_runs WHERE suite = 'needle' AND status = 'done'
                GROUP BY model_hash, text_hash, config_hash)
SELECT run, model, config, kind, length, count(found) AS cells, round(sum(found), 2) AS found,
       round(sum(1 - found), 2) AS lost, group_concat(CASE WHEN found < 1 THEN CAST(round(100 * depth) AS INTEGER) || ' %' END) AS at_depths
FROM v_needle
WHERE run IN (SELECT run FROM newest) AND found IS NOT NULL AND length >= :least
GROUP BY run, kind, length
HAVING sum(1 - found) > 0
ORDER BY lost DESC, run DESC, kind, length
LIMIT :most;
