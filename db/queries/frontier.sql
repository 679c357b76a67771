-- Which runs of a comparable set no other run beats on both axes. {x}, {y}, {y_lo} and {y_hi} are columns of runs as the
-- metric counts them; {x_good} and {y_good} the same with the sign that makes more better.
WITH candidates AS ( -- of each config the newest run that is done, else the newest that failed
    SELECT id, row_number() OVER (PARTITION BY config ORDER BY status = 'done' DESC, id DESC) AS place
    FROM runs
    WHERE model = ?1 AND text = ?2 AND protocol = ?3 AND ctx = ?4 AND eval = ?5 AND passages = ?6
),
measured AS (
    SELECT id, status, {x} AS x, {y} AS y, {y_lo} AS y_lo, {y_hi} AS y_hi, {x_good} AS x_good, {y_good} AS y_good,
           status = 'done' AND {x} IS NOT NULL AND {y} IS NOT NULL AS competes
    FROM candidates
    JOIN runs USING (id)
    WHERE place = 1
),
ranked AS ( -- the best y of all runs that are better: by x, or at the same x by y; equal runs are one group
    SELECT *,
           max(y_good) FILTER (WHERE competes)
               OVER (ORDER BY x_good DESC, y_good DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS rival
    FROM measured
)
SELECT id, x, y, y_lo, y_hi,
       CASE WHEN status = 'failed' THEN 'failed'
            WHEN NOT competes THEN 'unmeasured'
            WHEN rival >= y_good THEN 'dominated'
            ELSE 'frontier' END AS class
FROM ranked
ORDER BY x IS NULL, x, y, id
