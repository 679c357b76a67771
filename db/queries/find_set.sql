-- The comparable set of the newest run that fits what was asked for; an empty text or a zero leaves it open.
SELECT r.model, r.text, r.protocol, r.ctx, r.eval, r.passages
FROM runs AS r
JOIN models AS m ON m.id = r.model
JOIN texts AS x ON x.id = r.text
WHERE (:model = '' OR :model IN (m.hash, m.name, m.path))
  AND (:text = '' OR :text IN (x.hash, x.name))
  AND (:protocol = '' OR r.protocol = :protocol)
  AND (:ctx = 0 OR r.ctx = :ctx) AND (:eval = 0 OR r.eval = :eval) AND (:passages = 0 OR r.passages = :passages)
ORDER BY r.id DESC
LIMIT 1
