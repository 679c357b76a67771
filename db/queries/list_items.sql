SELECT item, label, x, y, n, score_ref, score, second, kld, agreement, note, said_ref, said
FROM run_items
WHERE run = :id
ORDER BY item
