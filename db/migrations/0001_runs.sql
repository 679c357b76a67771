CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''),
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    arch TEXT NOT NULL,
    layers INTEGER NOT NULL,
    heads INTEGER NOT NULL,
    kv_heads INTEGER NOT NULL,
    head_dim INTEGER NOT NULL,
    params INTEGER NOT NULL,
    file_bytes INTEGER NOT NULL,
    weight_type TEXT NOT NULL
) STRICT;

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('file', 'self')),
    seed INTEGER NOT NULL,
    tokens INTEGER NOT NULL
) STRICT;

CREATE TABLE configs (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''),
    canonical TEXT NOT NULL UNIQUE,
    k TEXT NOT NULL,
    v TEXT NOT NULL
) STRICT;

CREATE TABLE environments (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE CHECK (hash <> ''),
    version TEXT NOT NULL,
    engine TEXT NOT NULL,
    cpu TEXT NOT NULL,
    simd TEXT NOT NULL,
    compiler TEXT NOT NULL,
    os TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    wall_s REAL,
    model INTEGER NOT NULL REFERENCES models,
    text INTEGER NOT NULL REFERENCES texts,
    config INTEGER NOT NULL REFERENCES configs,
    environment INTEGER NOT NULL REFERENCES environments,
    protocol TEXT NOT NULL CHECK (protocol IN ('stream', 'snapshot')),
    ctx INTEGER NOT NULL,
    eval INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    threads INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
    reason TEXT NOT NULL,
    phase TEXT NOT NULL,
    n_values INTEGER,
    bytes INTEGER,
    payload_bytes INTEGER,
    metadata_bytes INTEGER,
    exact_bytes INTEGER,
    side_bytes INTEGER,
    ratio REAL,
    bits_per_value REAL,
    ratio_ctx REAL,
    ratio_128k REAL,
    kld REAL,
    kld_lo REAL,
    kld_hi REAL,
    kld_median REAL,
    kld_p99 REAL,
    kld_p999 REAL,
    kld_max REAL,
    ppl REAL,
    ppl_ref REAL,
    dppl REAL,
    dppl_lo REAL,
    dppl_hi REAL,
    top1 REAL,
    top1_lo REAL,
    top1_hi REAL,
    rms_dp REAL,
    rms_dp_lo REAL,
    rms_dp_hi REAL,
    verdict TEXT NOT NULL,
    verdict_note TEXT NOT NULL,
    encode_gbs REAL,
    decode_gbs REAL,
    ms_per_token REAL,
    peak_rss_bytes INTEGER,
    CHECK (status = 'failed' OR (ratio IS NOT NULL AND bits_per_value IS NOT NULL AND kld IS NOT NULL
           AND kld_p999 IS NOT NULL AND dppl IS NOT NULL AND top1 IS NOT NULL AND rms_dp IS NOT NULL))
) STRICT;

CREATE INDEX runs_comparable ON runs (model, text, protocol, ctx, eval, passages, config, status);

CREATE TABLE run_layers (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    layer INTEGER NOT NULL,
    stream TEXT NOT NULL CHECK (stream IN ('k', 'v')),
    codec TEXT NOT NULL,
    rel_error REAL,
    query_error REAL CHECK (query_error IS NULL OR stream = 'k'),
    n_values INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (run, layer, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_blocks (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    passage INTEGER NOT NULL,
    block INTEGER NOT NULL,
    n INTEGER NOT NULL CHECK (n > 0),
    nll_ref REAL NOT NULL,
    nll REAL NOT NULL,
    kld REAL NOT NULL,
    dp2 REAL NOT NULL,
    same_top INTEGER NOT NULL,
    PRIMARY KEY (run, passage, block)
) STRICT, WITHOUT ROWID;

CREATE VIEW run_passages AS
    SELECT run, passage, sum(n) AS n, sum(nll_ref) / sum(n) AS nll_ref, sum(nll) / sum(n) AS nll,
           sum(kld) / sum(n) AS kld, sum(dp2) / sum(n) AS dp2, 100.0 * sum(same_top) / sum(n) AS top1
    FROM run_blocks
    GROUP BY run, passage;

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
           e.hash AS environment_hash, e.version, e.engine, e.cpu, e.simd, e.compiler, e.os
    FROM runs AS r
    JOIN models AS m ON m.id = r.model
    JOIN texts AS x ON x.id = r.text
    JOIN configs AS c ON c.id = r.config
    JOIN environments AS e ON e.id = r.environment;
