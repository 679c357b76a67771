DELETE FROM profiles WHERE name = :name
