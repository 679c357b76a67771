SELECT r.id
FROM runs AS r
JOIN environments AS e ON e.id = r.environment
WHERE r.model = (SELECT id FROM models WHERE hash = :model_hash)
  AND r.text = (SELECT id FROM texts WHERE hash = :text_hash)
  AND r.protocol = :protocol AND r.ctx = :ctx AND r.eval = :eval AND r.passages = :passages
  AND r.config = (SELECT id FROM configs WHERE hash = :config_hash)
  AND (r.calibration IS NULL OR r.calibration = (SELECT id FROM calibrations WHERE hash = :calibration_hash))
  AND r.status = 'done' AND e.engine = :engine
ORDER BY r.id DESC
LIMIT 1
