SELECT name, config, model, note, changed FROM profiles WHERE name = :name
