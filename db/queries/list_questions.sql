SELECT name, sql, note FROM questions ORDER BY name
