/* store.h - the database of runs.
 *
 * One SQLite file holds every run ever made: what was evaluated (model, text, config), how (protocol, environment) and
 * what came out, down to the blocks of positions that intervals are drawn from. schema.sql is its description. A run is
 * written in one transaction: it is there whole or not at all, whatever kills the process. Several processes may read
 * and write one file at the same time (WAL); a writer waits for another and then says so.
 *
 *     store *s = store_open("kvant.db", STORE_WRITE, &f);          made when absent, brought up to date when older
 *     store_run run = store_run_blank();
 *     run.model.hash = ...;
 *     store_add_run(s, &run, &(store_parts){ .blocks = blocks, .n_blocks = n }, &id, &f);
 *     store_each_run(s, "kld < 0.01", 50, print_run, stdout, &f);  the 50 newest that fit
 *     store_close(s);
 *
 * Numbers: a real that is NaN and a count that is negative stand for "not measured" (NULL in the file). Strings are
 * UTF-8; NULL is written as "", and what is read is never NULL. Strings handed to a callback live until it returns.
 *
 * What a callback returns: true to go on, false to stop early, which is no fault.
 *
 * Every fault names the file. [a store is used by one thread at a time; different stores at the same time]
 */
#ifndef KVANT_DB_STORE_H
#define KVANT_DB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

typedef struct store store;

typedef enum store_mode {
    STORE_READ,  /* the file must be there; a read-only file or directory will do */
    STORE_WRITE, /* the file is made when absent */
    STORE_WATCH, /* as STORE_READ, but never waits for another process's lock: for who may not be kept waiting */
} store_mode;

/* Opens the file and checks that it is a kvant database of a version this program knows; an older one is migrated in
 * one transaction, also with STORE_READ. NULL with a fault otherwise. */
store *store_open(const char *path, store_mode mode, fault *f);
void store_close(store *s); /* NULL is fine */

const char *store_path(const store *s);

/* How long to wait for another process's lock before giving up; 5000 ms at first. */
void store_wait(store *s, int milliseconds);

/* Whether the call that has just failed did so because another process had the lock: trying again may help. */
bool store_was_locked(const store *s);

/* Asked now and then while store_query, store_each_run and store_frontier work: true stops them with FAULT_INTERRUPTED.
 * NULL: never. */
void store_stop_when(store *s, bool (*stop)(void *arg), void *arg);

/* A number that changes whenever another process has written: a screen compares it to know when to read again. */
bool store_version(store *s, int64_t *version, fault *f);

/* ---- runs ------------------------------------------------------------------------------------------------------- */

typedef struct store_model {
    const char *hash; /* SHA-256 of the file: the identity */
    const char *name, *path, *arch;
    const char *weight_type;
    int64_t layers, heads, kv_heads, head_dim; /* attention layers */
    int64_t params, file_bytes;
} store_model;

typedef struct store_text {
    const char *hash; /* the identity: of tokenizer and tokens */
    const char *name;
    const char *kind; /* "file" or "self" */
    int64_t seed;     /* of the sampling; 0 for a file */
    int64_t tokens;
} store_text;

typedef struct store_config {
    const char *hash; /* SHA-256 of canonical: the identity */
    const char *canonical;
    const char *k, *v; /* the codecs outside exceptions */
} store_config;

/* All "" and 0: no codec asked for one. */
typedef struct store_calibration {
    const char *hash; /* of the file: the identity */
    const char *text, *text_hash;
    int64_t tokens;
} store_calibration;

typedef struct store_environment {
    const char *hash;    /* the identity */
    const char *version; /* of kvant */
    const char *engine;  /* fingerprint of everything that may change a result */
    const char *cpu, *simd, *compiler, *os;
} store_environment;

/* An estimate with its 95 % interval. */
typedef struct store_estimate {
    double value, lo, hi;
} store_estimate;

typedef struct store_run {
    int64_t id;                /* given by the store */
    const char *uid;           /* the run's identity in all databases; "": the store makes one */
    int64_t pinned;            /* 1: someone wants to keep it in sight; not written with the run */
    int64_t started, finished; /* seconds since 1970, UTC */
    double wall_s;
    store_model model;
    store_text text;
    store_config config;
    store_environment environment;
    store_calibration calibration;
    const char *protocol;        /* "stream" or "snapshot" */
    int64_t ctx, eval, passages; /* tokens, tokens, count; eval 0 for stream */
    int64_t threads, seed;       /* seed of the bootstrap */
    const char *status;          /* "done" or "failed" */
    const char *reason, *phase;  /* of a failure */

    int64_t n_values, bytes; /* in the cache; bytes = payload + metadata + exact */
    int64_t payload_bytes, metadata_bytes, exact_bytes, side_bytes;
    double ratio, bits_per_value;
    double ratio_ctx, ratio_128k; /* with side_bytes, at ctx and at 131072 tokens */

    store_estimate kld; /* nats */
    double kld_median, kld_p99, kld_p999, kld_max;
    double ppl, ppl_ref;
    store_estimate dppl, top1, rms_dp; /* percent */
    const char *verdict, *verdict_note;

    const char *suite, *suite_options; /* "": a plain run; as on a command line, "turns=50 tokens=24" */
    double score, score_ref;           /* of a suite */

    double encode_gbs, decode_gbs; /* GB/s of f32 */
    double ms_per_token;           /* per layer */
    int64_t peak_rss_bytes;
} store_run;

typedef struct store_layer {
    int64_t layer;
    const char *stream;            /* "k" or "v" */
    const char *codec;             /* expression */
    double rel_error, query_error; /* squared, relative; in the query-weighted norm (keys only) */
    int64_t n_values, bytes;
} store_layer;

/* Sums over up to 64 neighbouring scored positions of a passage. */
typedef struct store_block {
    int64_t passage, block, n;
    double nll_ref, nll, kld, dp2;
    int64_t same_top;
} store_block;

/* A cell, turn, prompt, continuation or head of a suite; app/suite.h says what the numbers mean to which. */
typedef struct store_item {
    int64_t item; /* 0 ... */
    const char *label;
    double x, y;
    int64_t n; /* scored positions */
    double score_ref, score, second, kld, agreement;
    const char *note, *said_ref, *said;
} store_item;

/* What belongs to a run. */
typedef struct store_parts {
    const store_layer *layers;
    size_t n_layers;
    const store_block *blocks;
    size_t n_blocks;
    const store_item *items;
    size_t n_items;
} store_parts;

/* A run of which nothing is known: strings "", measured numbers "not measured", the rest 0. */
store_run store_run_blank(void);

/* The i-th of a run's texts, for who copies them; NULL past the last. [any thread] */
const char **store_run_text(store_run *run, size_t i);

/* Writes a run, its parts (NULL: none) and all it refers to in one transaction; *id (or NULL) is its number. Model,
 * text, config and environment are added when their hash is new. A run that is "done" needs every metric, finite, and
 * at least one block; a fault names what is missing, and nothing is written. run->id is not read. */
bool store_add_run(store *s, const store_run *run, const store_parts *parts, int64_t *id, fault *f);

/* The run with this number, with all its strings one block: free() it. NULL with a fault when there is none. */
store_run *store_get_run(store *s, int64_t id, fault *f);

/* The layers of a run, by layer, keys first. */
bool store_each_layer(store *s, int64_t id, bool (*each)(void *arg, const store_layer *layer), void *arg, fault *f);

/* The items of a run of a suite, in order. */
bool store_each_item(store *s, int64_t id, bool (*each)(void *arg, const store_item *item), void *arg, fault *f);

/* The blocks of a run, by passage and block; free(*blocks). Two runs of one comparable set that are done have the same
 * blocks. */
bool store_blocks(store *s, int64_t id, store_block **blocks, size_t *n, fault *f);

/* *id: the newest run that is done and has the hashes of model, text and config, the protocol, ctx, eval, passages and
 * environment.engine of `like`, and its calibration.hash unless it was made without one (nothing else is read); 0 when
 * there is none. */
bool store_find_done(store *s, const store_run *like, int64_t *id, fault *f);

/* The newest runs, newest first. where: an SQL expression over the columns of v_runs, NULL for all; a mistake in it is
 * a fault with its column, and so is a bracket that closes more than the expression opened. limit 0: no limit. */
bool store_each_run(store *s, const char *where, int64_t limit, bool (*each)(void *arg, const store_run *run),
                    void *arg, fault *f);

/* Is it such an expression? Then a question may hold it as "(%s\n)", and nothing in it reaches what is around. */
bool store_check_condition(store *s, const char *where, fault *f);

/* What came of a merge: runs that are new, and runs that were there already. */
typedef struct store_merged {
    int64_t added, known;
} store_merged;

/* Copies the runs of another database that this one does not have, told by their uid, with their layers, blocks and all
 * they refer to; the numbers they get are new. All of the file or nothing. A run that is in both but not the same is a
 * fault that names both. Pins, profiles and questions are not copied: they are someone's, not a run's. The other file
 * is only read; others may write both meanwhile. */
bool store_merge(store *s, const char *shard, store_merged *out, fault *f);

/* ---- metrics ---------------------------------------------------------------------------------------------------- */

/* What runs are compared by: one row for each number of a run that has a better direction. */
typedef struct store_metric {
    const char *name;  /* the column of v_runs; the table ends with NULL */
    const char *label; /* for people */
    const char *unit;  /* "" for none */
    int direction;     /* +1: more is better, -1: less is */
    unsigned flags;
} store_metric;

enum {
    STORE_ABSOLUTE = 1, /* compared without its sign */
    STORE_INTERVAL = 2, /* has columns NAME_lo and NAME_hi */
    STORE_DECADES = 4,  /* spans decades: best seen on a logarithmic axis */
};

extern const store_metric store_metrics[];
enum { STORE_METRICS = 18 }; /* rows of the table, without its end */

/* NULL when there is none of this name. [any thread] */
const store_metric *store_metric_named(const char *name);

/* A value with its interval (NaN: none) as they are compared: absolute values without their signs, with the ends of the
 * interval that are nearer to and farther from zero. [any thread] */
store_estimate store_metric_compared(const store_metric *m, store_estimate raw);

/* The metric of a run as it is stored; NaN what was not measured, and where it has no interval. [any thread] */
store_estimate store_metric_stored(const store_metric *m, const store_run *run);

/* The metric of a run as it is compared (absolute values without sign); NaN when not measured. [any thread] */
double store_metric_value(const store_metric *m, const store_run *run);

/* ---- the frontier ----------------------------------------------------------------------------------------------- */

/* The comparable set: runs of one model, text, protocol, ctx, eval and number of passages. What is NULL or 0 here is
 * taken from the newest run that fits the rest. */
typedef struct store_selection {
    const char *model; /* hash, name or path */
    const char *text;  /* hash or name */
    const char *protocol;
    int64_t ctx, eval, passages;
} store_selection;

typedef enum store_class {
    STORE_FRONTIER,   /* no run is at least as good on both axes and better on one */
    STORE_DOMINATED,  /* some run is */
    STORE_FAILED,     /* its newest run failed, and none is done */
    STORE_UNMEASURED, /* done, but without one of the two metrics */
} store_class;

typedef struct store_point {
    store_class where;
    double x, y;       /* as compared; NaN when not measured */
    double y_lo, y_hi; /* 95 % interval, NaN when the metric has none */
    const store_run *run;
} store_point;

/* A run that takes part in a comparison, as store_classify sees it. */
typedef struct store_candidate {
    int64_t id, config; /* config: equal for runs of one config */
    bool done;
    double x, y, y_lo, y_hi; /* as compared; NaN when not measured */
    store_class where;       /* the answer */
    size_t self;             /* the caller's */
} store_candidate;

/* Leaves of each config the run that stands for it, classified, ordered as store_frontier says; returns how many. All
 * must be of one comparable set. O(n log n), and O(n) where all but a few are in that order already. [any thread] */
size_t store_classify(store_candidate *runs, size_t n, const store_metric *x, const store_metric *y);

/* The set's configs, each with its newest finished run (or its newest failed one when none is done), by ascending x;
 * runs without x last. Runs that are equal on both axes are both on the frontier. No run at all: each is not called. */
bool store_frontier(store *s, const store_selection *set, const store_metric *x, const store_metric *y,
                    bool (*each)(void *arg, const store_point *point), void *arg, fault *f);

/* ---- runs in sight ---------------------------------------------------------------------------------------------- */

/* What is shown of a run among thousands. */
typedef struct store_brief {
    int64_t id, started, seed, ctx, eval, passages;
    int64_t model_id, text_id, config_id; /* in this file; equal for equal ones */
    bool done;
    const char *model_hash, *model, *text_hash, *text, *protocol, *config, *k, *v, *verdict, *reason;
    store_estimate metric[STORE_METRICS]; /* by the rows of store_metrics, as they are stored */
} store_brief;

/* The runs with numbers above `after`, ascending. 10,000 take some tens of milliseconds. */
bool store_each_brief(store *s, int64_t after, bool (*each)(void *arg, const store_brief *brief), void *arg, fault *f);

/* A number that changes whenever what store_each_brief said of a run is not so any more: it is gone, or another. Runs
 * that are added leave it as it is. */
bool store_revision(store *s, int64_t *revision, fault *f);

/* What store_version, store_each_brief, store_revision and store_each_pin say between these two is of one moment. */
bool store_hold(store *s, fault *f);
void store_release(store *s);

/* The numbers of the runs that fit, ascending; where: as with store_each_run. */
bool store_each_id(store *s, const char *where, bool (*each)(void *arg, int64_t id), void *arg, fault *f);

/* Pins a run or takes its pin away; *changed (or NULL): it was not so before. No such run: FAULT_INPUT. */
bool store_pin(store *s, int64_t id, bool pinned, bool *changed, fault *f);

/* The pinned runs, ascending. */
bool store_each_pin(store *s, bool (*each)(void *arg, int64_t id), void *arg, fault *f);

/* ---- any question ----------------------------------------------------------------------------------------------- */

typedef enum store_kind { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB } store_kind;

typedef struct store_value {
    store_kind kind;
    int64_t integer;
    double real;
    const char *bytes; /* TEXT, BLOB: n bytes; TEXT is also terminated, but may hold zeros and invalid UTF-8 */
    size_t n;
} store_value;

typedef struct store_reader {
    bool (*columns)(void *arg, int n, const char *const *names); /* once, before the rows; may be NULL */
    bool (*row)(void *arg, int n, const store_value *values);
    void *arg;
} store_reader;

/* A text or blob that a question makes is no longer, nor is its SQL. */
enum { STORE_LONGEST_VALUE = 1 << 24 };

/* Runs one SQL statement that only reads. Anything that would write, attach another file or change a setting is
 * refused, and it runs on a connection that could not do it either. A mistake is a fault with SQLite's words and the
 * column. */
bool store_query(store *s, const char *sql, const store_reader *reader, fault *f);

/* A value for a parameter. name: with or without its sign, ":kld" or "kld"; of the N-th nameless one "?N". */
typedef struct store_binding {
    const char *name;
    store_value value;
} store_binding;

/* The same for a text of several statements: runs the one at *at, with values for its parameters, and moves *at to the
 * next, or to the text's end. A parameter without a value is a fault; a value without a parameter is not. */
bool store_query_at(store *s, const char *sql, size_t *at, const store_binding *values, size_t n_values,
                    const store_reader *reader, fault *f);

/* Compiles all statements of a text that only reads, and tells the name of every parameter ("?N" when it has none) of
 * each; each may be NULL. Runs nothing. */
bool store_check_query(store *s, const char *sql, bool (*each)(void *arg, const char *parameter), void *arg, fault *f);

/* What a text that changes rows did. */
typedef struct store_changes {
    int64_t rows;   /* inserted, changed or deleted */
    int64_t follow; /* deleted because they belong to those */
} store_changes;

/* Runs all statements of a text in one transaction: rows may be inserted, changed and deleted, and questions asked
 * between. The schema, settings and other files stay out of reach, a run's uid cannot be changed, and runs cannot be
 * made up. With keep == false everything is taken back, only *changes remains. A fault takes back everything. reader
 * (or NULL) is called for statements that give rows. The store must be open for writing. */
bool store_change(store *s, const char *sql, bool keep, const store_reader *reader, store_changes *changes, fault *f);

/* ---- questions by name ------------------------------------------------------------------------------------------ */

typedef struct store_question {
    const char *name;
    const char *sql;
    const char *note; /* one line: what it answers */
    bool shipped;     /* came with kvant: db/questions/NAME.sql, whose first comment line is the note */
} store_question;

/* Those that came with kvant, then those that were saved, each by name. */
bool store_each_question(store *s, bool (*each)(void *arg, const store_question *q), void *arg, fault *f);

/* With all its strings one block: free() it. NULL with a fault that names the nearest, or NULL and *there == false. */
store_question *store_get_question(store *s, const char *name, bool *there, fault *f);

/* Keeps a question, in the place of one of the same name. The name of a shipped one is refused. */
bool store_save_question(store *s, const char *name, const char *sql, const char *note, fault *f);
bool store_delete_question(store *s, const char *name, fault *f);

/* ---- profiles --------------------------------------------------------------------------------------------------- */

/* A config by name (app/profile.h). */
typedef struct store_profile {
    const char *name, *config, *model, *note; /* config: canonical; model: its name, or "" */
    int64_t changed;                          /* seconds since 1970, UTC; set by the store */
} store_profile;

bool store_each_profile(store *s, bool (*each)(void *arg, const store_profile *p), void *arg, fault *f);

/* With all its strings one block: free() it. NULL and *there == false when there is none. */
store_profile *store_get_profile(store *s, const char *name, bool *there, fault *f);

/* Keeps a profile, in the place of one of the same name. */
bool store_save_profile(store *s, const store_profile *p, fault *f);

/* Of a name that is not there, or, for the new name, is there already: a fault. */
bool store_rename_profile(store *s, const char *name, const char *to, fault *f);
bool store_delete_profile(store *s, const char *name, fault *f);

#endif
