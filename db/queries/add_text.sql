INSERT INTO texts (hash, name, kind, seed, tokens)
VALUES (:text_hash, :text, :text_kind, :text_seed, :tokens)
ON CONFLICT (hash) DO UPDATE SET name = excluded.name
