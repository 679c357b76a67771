INSERT INTO models (hash, name, path, arch, layers, heads, kv_heads, head_dim, params, file_bytes, weight_type)
VALUES (:model_hash, :model, :model_path, :arch, :layers, :heads, :kv_heads, :head_dim, :params, :file_bytes,
        :weight_type)
ON CONFLICT (hash) DO UPDATE SET name = excluded.name, path = excluded.path
