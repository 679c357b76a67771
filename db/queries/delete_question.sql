DELETE FROM questions WHERE name = :name
