ALTER TABLE runs ADD COLUMN uid TEXT;
UPDATE runs SET uid = lower(hex(randomblob(16)));
CREATE UNIQUE INDEX runs_uid ON runs (uid);

CREATE TABLE pins (run INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE) STRICT;

CREATE TABLE profiles (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    config TEXT NOT NULL,
    model TEXT NOT NULL,
    note TEXT NOT NULL,
    changed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE questions (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    sql TEXT NOT NULL,
    note TEXT NOT NULL
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
           r.uid, EXISTS (SELECT 1 FROM pins WHERE run = r.id) AS pinned
    FROM runs AS r
    JOIN models AS m ON m.id = r.model
    JOIN texts AS x ON x.id = r.text
    JOIN configs AS c ON c.id = r.config
    JOIN environments AS e ON e.id = r.environment
    LEFT JOIN calibrations AS b ON b.id = r.calibration;
