ALTER TABLE runs ADD COLUMN suite TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN suite_options TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN score REAL;
ALTER TABLE runs ADD COLUMN score_ref REAL;

CREATE TABLE run_items (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    item INTEGER NOT NULL,
    label TEXT NOT NULL,
    x REAL,
    y REAL,
    n INTEGER NOT NULL,
    score_ref REAL,
    score REAL,
    second REAL,
    kld REAL,
    agreement REAL,
    note TEXT NOT NULL,
    said_ref TEXT NOT NULL,
    said TEXT NOT NULL,
    PRIMARY KEY (run, item)
) STRICT, WITHOUT ROWID;

DROP VIEW v_runs;

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
