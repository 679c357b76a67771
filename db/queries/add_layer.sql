INSERT INTO run_layers (run, layer, stream, codec, rel_error, query_error, n_values, bytes)
VALUES (:run, :layer, :stream, :codec, :rel_error, :query_error, :n_values, :bytes)
