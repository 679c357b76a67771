UPDATE profiles SET name = :to WHERE name = :name
