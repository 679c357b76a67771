INSERT INTO run_blocks (run, passage, block, n, nll_ref, nll, kld, dp2, same_top)
VALUES (:run, :passage, :block, :n, :nll_ref, :nll, :kld, :dp2, :same_top)
