SELECT * FROM run_layers WHERE run = :id ORDER BY layer, stream
