INSERT INTO configs (hash, canonical, k, v)
VALUES (:config_hash, :config, :k, :v)
ON CONFLICT (hash) DO NOTHING
