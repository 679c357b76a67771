SELECT name, config, model, note, changed FROM profiles ORDER BY name
