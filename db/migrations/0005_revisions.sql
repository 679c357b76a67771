CREATE TABLE revisions (
    what TEXT PRIMARY KEY CHECK (what <> ''),
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO revisions VALUES ('runs', 0);

CREATE TRIGGER runs_updated AFTER UPDATE ON runs
BEGIN
    UPDATE revisions SET n = n + 1 WHERE what = 'runs';
END;

CREATE TRIGGER runs_deleted AFTER DELETE ON runs
BEGIN
    UPDATE revisions SET n = n + 1 WHERE what = 'runs';
END;

CREATE TRIGGER runs_replaced BEFORE INSERT ON runs
    WHEN (new.id > 0 AND new.id <= (SELECT max(id) FROM runs)) OR EXISTS (SELECT 1 FROM runs WHERE uid = new.uid)
BEGIN
    UPDATE revisions SET n = n + 1 WHERE what = 'runs';
END;

CREATE TRIGGER models_updated AFTER UPDATE ON models WHEN old.name <> new.name OR old.hash <> new.hash
BEGIN
    UPDATE revisions SET n = n + 1 WHERE what = 'runs';
END;

CREATE TRIGGER texts_updated AFTER UPDATE ON texts WHEN old.name <> new.name OR old.hash <> new.hash
BEGIN
    UPDATE revisions SET n = n + 1 WHERE what = 'runs';
END;

CREATE TRIGGER configs_updated AFTER UPDATE ON configs
BEGIN
    UPDATE revisions SET n = n + 1 WHERE what = 'runs';
END;
