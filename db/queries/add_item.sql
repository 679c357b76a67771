INSERT INTO run_items (run, item, label, x, y, n, score_ref, score, second, kld, agreement, note, said_ref, said)
VALUES (:run, :item, :label, :x, :y, :n, :score_ref, :score, :second, :kld, :agreement, :note, :said_ref, :said)
