-- Why runs failed: each reason with how often, where, and an example
SELECT count(*) AS runs, phase, reason, max(id) AS newest, max(config) AS for_example, max(date) AS last
FROM v_runs
WHERE status = 'failed'
GROUP BY phase, reason
ORDER BY runs DESC, newest DESC;
