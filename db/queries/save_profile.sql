INSERT INTO profiles (name, config, model, note, changed) VALUES (:name, :config, :model, :note, :changed)
ON CONFLICT (name) DO UPDATE
SET config = excluded.config, model = excluded.model, note = excluded.note, changed = excluded.changed
