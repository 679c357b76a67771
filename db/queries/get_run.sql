SELECT * FROM v_runs WHERE id = :id
