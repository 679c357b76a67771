SELECT * FROM run_blocks WHERE run = :id ORDER BY passage, block
