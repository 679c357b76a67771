INSERT INTO environments (hash, version, engine, cpu, simd, compiler, os)
VALUES (:environment_hash, :version, :engine, :cpu, :simd, :compiler, :os)
ON CONFLICT (hash) DO NOTHING
