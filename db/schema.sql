-- The database of runs as it stands now, for reading. The program builds it from migrations/; a test checks that both
-- agree. application_id is 0x6b766e74 ("kvnt"), user_version the number of the newest migration.
--
-- The store writes; whoever asks uses the view v_runs.

CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''), -- SHA-256 of the file
    name TEXT NOT NULL,
    path TEXT NOT NULL, -- where the newest run found it
    arch TEXT NOT NULL, -- general.architecture
    layers INTEGER NOT NULL, -- attention layers
    heads INTEGER NOT NULL,
    kv_heads INTEGER NOT NULL,
    head_dim INTEGER NOT NULL,
    params INTEGER NOT NULL,
    file_bytes INTEGER NOT NULL,
    weight_type TEXT NOT NULL -- the type most weights have
) STRICT;

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''), -- of tokenizer and tokens
    name TEXT NOT NULL, -- the file's name, or self
    kind TEXT NOT NULL CHECK (kind IN ('file', 'self')), -- self: sampled from the model
    seed INTEGER NOT NULL, -- of the sampling; 0 for a file
    tokens INTEGER NOT NULL
) STRICT;

CREATE TABLE configs (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''), -- SHA-256 of canonical
    canonical TEXT NOT NULL UNIQUE, -- app/config.h has the grammar
    k TEXT NOT NULL, -- the keys' codec outside exceptions
    v TEXT NOT NULL -- the values'
) STRICT;

-- What codecs were calibrated with: a file, and the text it was made from.
CREATE TABLE calibrations (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''), -- SHA-256 of the file
    text TEXT NOT NULL, -- the text's name, or self
    text_hash TEXT NOT NULL,
    tokens INTEGER NOT NULL -- read of it
) STRICT;

CREATE TABLE environments (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''),
    version TEXT NOT NULL, -- of kvant
    engine TEXT NOT NULL, -- fingerprint: runs of different engines are not repeated for each other
    cpu TEXT NOT NULL,
    simd TEXT NOT NULL, -- instruction set in use
    compiler TEXT NOT NULL,
    os TEXT NOT NULL
) STRICT;

-- One evaluation of one config, written whole or not at all. NULL: not measured. A failed run has a reason.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL, -- seconds since 1970, UTC
    finished INTEGER NOT NULL,
    wall_s REAL, -- seconds
    model INTEGER NOT NULL REFERENCES models,
    text INTEGER NOT NULL REFERENCES texts,
    config INTEGER NOT NULL REFERENCES configs,
    environment INTEGER NOT NULL REFERENCES environments,
    protocol TEXT NOT NULL CHECK (protocol IN ('stream', 'snapshot')),
    ctx INTEGER NOT NULL, -- tokens
    eval INTEGER NOT NULL, -- forced tokens; snapshot only
    passages INTEGER NOT NULL,
    threads INTEGER NOT NULL,
    seed INTEGER NOT NULL, -- of the bootstrap
    status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
    reason TEXT NOT NULL, -- why it failed; empty when done
    phase TEXT NOT NULL, -- where it failed
    n_values INTEGER, -- keys and values held by the cache
    bytes INTEGER, -- that must live in the cache: payload + metadata + exact
    payload_bytes INTEGER, -- codes
    metadata_bytes INTEGER, -- norms, scales, skeletons
    exact_bytes INTEGER, -- windows, tails, uncompressed layers
    side_bytes INTEGER, -- codebooks and the like, once per model
    ratio REAL, -- 2 bytes x n_values / bytes
    bits_per_value REAL,
    ratio_ctx REAL, -- the same with side_bytes, at ctx tokens
    ratio_128k REAL, -- the same at 131072 tokens
    kld REAL, -- nats: mean and its 95 % interval
    kld_lo REAL,
    kld_hi REAL,
    kld_median REAL,
    kld_p99 REAL,
    kld_p999 REAL,
    kld_max REAL,
    ppl REAL,
    ppl_ref REAL,
    dppl REAL, -- percent
    dppl_lo REAL,
    dppl_hi REAL,
    top1 REAL, -- percent
    top1_lo REAL,
    top1_hi REAL,
    rms_dp REAL, -- percent
    rms_dp_lo REAL,
    rms_dp_hi REAL,
    verdict TEXT NOT NULL,
    verdict_note TEXT NOT NULL, -- a warning, or empty
    encode_gbs REAL, -- GB/s of f32
    decode_gbs REAL,
    ms_per_token REAL, -- per layer
    peak_rss_bytes INTEGER,
    calibration INTEGER REFERENCES calibrations, -- NULL: no codec asked for one
    uid TEXT, -- 128 random bits, in hexadecimal: the same run in another database has the same
    suite TEXT NOT NULL DEFAULT '', -- empty: a plain run
    suite_options TEXT NOT NULL DEFAULT '', -- as on a command line: turns=50 tokens=24
    score REAL, -- of a suite
    score_ref REAL,
    CHECK (status = 'failed' OR (ratio IS NOT NULL AND bits_per_value IS NOT NULL AND kld IS NOT NULL
           AND kld_p999 IS NOT NULL AND dppl IS NOT NULL AND top1 IS NOT NULL AND rms_dp IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX runs_uid ON runs (uid);
CREATE INDEX runs_comparable ON runs (model, text, protocol, ctx, eval, passages, config, status);

CREATE TABLE run_layers (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    layer INTEGER NOT NULL,
    stream TEXT NOT NULL CHECK (stream IN ('k', 'v')),
    codec TEXT NOT NULL,
    rel_error REAL, -- squared, relative
    query_error REAL CHECK (query_error IS NULL OR stream = 'k'), -- the same in the query-weighted norm; keys only
    n_values INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (run, layer, stream)
) STRICT, WITHOUT ROWID;

-- Blocks of scored positions: what the bootstrap draws, and what two runs are compared by.
CREATE TABLE run_blocks (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    passage INTEGER NOT NULL,
    block INTEGER NOT NULL,
    n INTEGER NOT NULL CHECK (n > 0), -- scored positions, at most 64
    nll_ref REAL NOT NULL, -- this and the following: sums over the positions
    nll REAL NOT NULL,
    kld REAL NOT NULL,
    dp2 REAL NOT NULL, -- squared change of the true token's probability
    same_top INTEGER NOT NULL, -- positions with equal argmax
    PRIMARY KEY (run, passage, block)
) STRICT, WITHOUT ROWID;

-- What a run of a suite consists of: cells, turns, prompts, continuations, heads. NULL: means nothing here, or could not
-- be measured. The views below have better names.
CREATE TABLE run_items (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    item INTEGER NOT NULL,
    label TEXT NOT NULL,
    x REAL,
    y REAL,
    n INTEGER NOT NULL, -- scored positions
    score_ref REAL, -- of the reference
    score REAL,
    second REAL,
    kld REAL, -- nats
    agreement REAL, -- percent of positions with equal argmax
    note TEXT NOT NULL,
    said_ref TEXT NOT NULL, -- as it begins
    said TEXT NOT NULL,
    PRIMARY KEY (run, item)
) STRICT, WITHOUT ROWID;

-- Runs a person wants to keep in sight.
CREATE TABLE pins (run INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE) STRICT;

-- Configs by name: which codec each layer gets, found by someone for some model.
CREATE TABLE profiles (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    config TEXT NOT NULL, -- canonical
    model TEXT NOT NULL, -- the model's name it was made for, or empty
    note TEXT NOT NULL,
    changed INTEGER NOT NULL -- seconds since 1970, UTC
) STRICT, WITHOUT ROWID;

-- Questions by name, for kvant sql.
CREATE TABLE questions (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    sql TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How often what is kept in memory of a table has become something else: whoever has read runs once and finds the same
-- number need only read those that are new. Kept by the triggers below.
CREATE TABLE revisions (
    what TEXT PRIMARY KEY CHECK (what <> ''), -- runs: rows changed or gone, and names of what they refer to
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

-- A new run's number is above all others and its uid its own; in the place of another it is a change.
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

-- Means per position and passage; top1 in percent.
CREATE VIEW run_passages AS
    SELECT run, passage, sum(n) AS n, sum(nll_ref) / sum(n) AS nll_ref, sum(nll) / sum(n) AS nll,
           sum(kld) / sum(n) AS kld, sum(dp2) / sum(n) AS dp2, 100.0 * sum(same_top) / sum(n) AS top1
    FROM run_blocks
    GROUP BY run, passage;

-- What a person asks: a run with everything it refers to, by name.
CREATE VIEW v_runs AS
    SELECT r.id, r.started, r.finished, strftime('%Y-%m-%d %H:%M', r.started, 'unixepoch') AS date, r.wall_s,
           r.status, r.reason, r.phase,
           m.name AS model, x.name AS text, r.protocol, r.ctx, r.eval, r.passages, c.canonical AS config, c.k, c.v,
           r.ratio, r.bits_per_value, r.ratio_ctx, r.ratio_128k,
           r.kld, r.kld_lo, r.kld_hi, r.kld_median, r.kld_p99, r.kld_p999, r.kld_max,
           r.ppl, r.ppl_ref, r.dppl, r.dppl_lo, r.dppl_hi, r.top1, r.top1_lo, r.top1_hi,
           r.rms_dp, r.rms_dp_lo, r.rms_dp_hi, r.verdict, r.verdict_note,
           r.n_values, r.bytes, r.payload_bytes, r.metadata_bytes, r.exact_bytes, r.side_bytes,
           r.encode_gbs, r.decode_gbs, r.ms_per_token, r.peak_rss_bytes, r.threads, r.seed,
           m.hash AS model_hash, m.path AS model_path, m.arch, m.layers, m.heads, m.kv_heads, m.head_dim, m.params,
           m.file_bytes, m.weight_type,
           x.hash AS text_hash, x.kind AS text_kind, x.seed AS text_seed, x.tokens,
           c.hash AS config_hash,
           b.hash AS calibration_hash, b.text AS calibration_text, b.text_hash AS calibration_text_hash,
           b.tokens AS calibration_tokens,
           e.hash AS environment_hash, e.version, e.engine, e.cpu, e.simd, e.compiler, e.os,
           r.uid, EXISTS (SELECT 1 FROM pins WHERE run = r.id) AS pinned,
           r.suite, r.suite_options, r.score, r.score_ref
    FROM runs AS r
    JOIN models AS m ON m.id = r.model
    JOIN texts AS x ON x.id = r.text
    JOIN configs AS c ON c.id = r.config
    JOIN environments AS e ON e.id = r.environment
    LEFT JOIN calibrations AS b ON b.id = r.calibration;

-- The items of suites by their own names, with the run they belong to.
CREATE VIEW v_needle AS
    SELECT r.id AS run, r.model, r.config, i.label AS kind, i.x AS length, i.y AS depth, i.score_ref AS found_ref,
           i.score AS found, i.kld, i.agreement, i.note, i.said_ref, i.said
    FROM v_runs AS r JOIN run_items AS i ON i.run = r.id
    WHERE r.suite = 'needle';

CREATE VIEW v_session AS
    SELECT r.id AS run, r.model, r.config, i.x AS turn, i.label AS phase, i.n AS tokens, i.kld, i.agreement,
           i.score_ref AS quality_ref, i.score AS quality, i.second AS quality_drop, i.note, i.said_ref, i.said
    FROM v_runs AS r JOIN run_items AS i ON i.run = r.id
    WHERE r.suite = 'session';

CREATE VIEW v_prompts AS
    SELECT r.id AS run, r.model, r.config, i.label AS prompt, i.score_ref AS passed_ref, i.score AS passed, i.kld,
           i.agreement, i.note, i.said_ref, i.said
    FROM v_runs AS r JOIN run_items AS i ON i.run = r.id
    WHERE r.suite = 'prompts';

CREATE VIEW v_trajectory AS
    SELECT r.id AS run, r.model, r.config, i.x AS number, i.score AS common, i.score_ref AS length_ref,
           i.second AS length, i.kld, i.agreement, i.said_ref, i.said
    FROM v_runs AS r JOIN run_items AS i ON i.run = r.id
    WHERE r.suite = 'trajectory';

CREATE VIEW v_attention AS
    SELECT r.id AS run, r.model, r.config, i.x AS layer, i.y AS head, i.score AS weights_cosine,
           i.second AS outputs_cosine, i.note
    FROM v_runs AS r JOIN run_items AS i ON i.run = r.id
    WHERE r.suite = 'attention';
