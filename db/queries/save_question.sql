INSERT INTO questions (name, sql, note) VALUES (:name, :sql, :note)
ON CONFLICT (name) DO UPDATE SET sql = excluded.sql, note = excluded.note
