-- Which runs of a comparable set no other run beats on both axes. {x}, {y}, {y_lo} and {y_hi} are columns of runs as the
-- metric counts them; {x_good} and {y_good} the same with the sign that makes more better.
WITH candidates AS ( -- of each config the newest run that is done, else the newest that failed
    SELECT id, row_number() OVER (PARTITION BY config ORDER BY status = 'done' DESC, id DESC) AS place
    FROM runs
    WHERE model = ?1 AND text = ?2 AND protocol = ?3 AND ctx = ?4 AND eval = ?5 AND passages = ?6
),
measured AS MATERIALIZED (
    SELECT id, status, {x} AS x, {y} AS y, {y_lo} AS y_lo, {y_hi} AS y_hi, {x_good} AS x_good, {y_good} AS y_good,
           status = 'done' AND {x} IS NOT NULL AND {y} IS NOT NULL AS competes
    FROM candidates
    JOIN runs USING (id)
    WHERE place = 1
),
best AS ( -- the best y at each x
    SELECT x_good, max(y_good) AS here
    FROM measured
    WHERE competes
    GROUP BY x_good
),
limits AS MATERIALIZED ( -- and at all better x
    SELECT x_good, here, max(here) OVER (ORDER BY x_good DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beyond
    FROM best
)
SELECT run.*, p.x AS point_x, p.y AS point_y, p.y_lo AS point_lo, p.y_hi AS point_hi,
       CASE WHEN p.status = 'failed' THEN 'failed'
            WHEN NOT p.competes THEN 'unmeasured'
            WHEN limits.beyond >= p.y_good OR limits.here > p.y_good THEN 'dominated'
            ELSE 'frontier' END AS point_class
FROM measured AS p
LEFT JOIN limits ON limits.x_good = p.x_good
JOIN v_runs AS run ON run.id = p.id
ORDER BY p.x IS NULL, p.x, p.y, p.id
