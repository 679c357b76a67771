-- A session turn by turn; without :run, the newest
-- :run = NULL  a run's number
SELECT CAST(turn AS INTEGER) AS turn, phase, tokens, kld, agreement, quality, quality_ref, quality_drop, note
FROM v_session
WHERE run = coalesce(:run, (SELECT max(id) FROM v_runs WHERE suite = 'session' AND status = 'done'))
ORDER BY turn;
