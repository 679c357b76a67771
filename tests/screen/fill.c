/* fill.c - a database with the same runs every time, for screens to be compared with golden files.
 *
 *     screen_fill FILE.db          the runs of the table below, one of them failed, in two groups
 *     screen_fill FILE.db N        so many runs: the same configs again and again, under other seeds
 *     screen_fill FILE.db one      one more run, as another process would add it
 *     screen_fill FILE.db lock S   keeps others from writing for S seconds; says "locked" once it does
 *     screen_fill FILE.db alone S  and from reading
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "db/store.h"

enum { LAYERS = 8, PASSAGES = 3, BLOCKS = 4, POSITIONS = 64 };

typedef struct sample {
    const char *config, *k, *v;
    double bits, kld, dppl, top1; /* bits per value; nats; percent; percent */
    const char *verdict;          /* NULL: failed */
} sample;

/* Figures like those of docs/findings.md, rounded. */
static const sample samples[] = {
    { "identity", "identity", "identity", 32, 0, 0, 100, "ACCEPT*" },
    { "q8_0", "q8_0", "q8_0", 8.5, 0.00009, 0.01, 99.3, "ACCEPT*" },
    { "k=q8_0 v=turbo3", "q8_0", "turbo3", 5.8125, 0.0038, 0.52, 95.4, "ACCEPT*?" },
    { "turbo4", "turbo4", "turbo4", 4.25, 0.0049, 0.41, 94.9, "ACCEPT" },
    { "q4_0", "q4_0", "q4_0", 4.5, 0.0061, 0.77, 94.1, "ACCEPT" },
    { "polar(bits=4)", "polar(bits=4)", "polar(bits=4)", 4.125, 0.0045, 0.43, 95.2, "ACCEPT*?" },
    { "turbo3", "turbo3", "turbo3", 3.125, 0.0181, 1.92, 90.7, "ACCEPT" },
    { "polar(bits=3)", "polar(bits=3)", "polar(bits=3)", 3.125, 0.0178, 1.88, 90.9, "ACCEPT" },
    { "turbo2", "turbo2", "turbo2", 2.125, 0.0893, 9.4, 81.5, "MARGINAL" },
    { "k=turbo4 v=turbo2", "turbo4", "turbo2", 3.1875, 0.0371, 3.6, 87.2, "MARGINAL" },
    { "sink(window(polar(bits=2),n=128),n=4)", "sink(window(polar(bits=2),n=128),n=4)",
      "sink(window(polar(bits=2),n=128),n=4)", 4.61, 0.0214, 2.1, 90.1, "ACCEPT" },
    { "kakeya(bits=4)", "kakeya(bits=4)", "kakeya(bits=4)", 4.9, 0.0295, 2.9, 88.3, "ACCEPT?" },
    { "kivi(bits=2)", "kivi(bits=2)", "kivi(bits=2)", 3, 0.21, 24.5, 72, "REJECT" },
    { "besi(g=2)", "besi(g=2)", "besi(g=2)", 3.7, NAN, NAN, NAN, NULL },
};
enum { SAMPLES = sizeof samples / sizeof *samples };

/* A number between -1 and 1 that looks like chance and never changes. */
static double wobble(unsigned a, unsigned b)
{
    unsigned x = a * 2654435761u ^ (b + 0x9e3779b9u) * 40503u;
    x = (x ^ x >> 13) * 1274126177u;
    return (double)(x >> 8 & 0xffff) / 32767.5 - 1;
}

static store_run describe(const sample *s, int64_t number)
{
    store_run r = store_run_blank();
    static char uid[40];
    snprintf(uid, sizeof uid, "%032llx", (unsigned long long)number);
    r.uid = uid;
    r.started = 1790000000 + 97 * number;
    r.finished = r.started + 2;
    r.wall_s = 2.02;
    r.model =
        (store_model){ "m0", "books-8m", "/models/books-8m.gguf", "llama", "Q8_0", LAYERS, 8, 2, 64, 8000000, 8500000 };
    r.text = (store_text){ "t0", "self", "self", 1, 16384 };
    r.config = (store_config){ s->config, s->config, s->k, s->v };
    r.environment = (store_environment){ "e0", "0.1.0", "engine-1", "a processor", "avx2", "gcc 12", "Linux" };
    r.protocol = "stream";
    r.ctx = 512;
    r.passages = PASSAGES;
    r.threads = 2;
    r.seed = 1;
    r.status = s->verdict ? "done" : "failed";
    return r;
}

static void measure(store_run *r, const sample *s)
{
    r->n_values = 1048576;
    r->bits_per_value = s->bits;
    r->bytes = (int64_t)(s->bits * (double)r->n_values / 8);
    r->payload_bytes = r->bytes - r->bytes / 16;
    r->metadata_bytes = r->bytes / 16;
    r->exact_bytes = 0;
    r->side_bytes = 128;
    r->ratio = 16 / s->bits;
    r->ratio_ctx = r->ratio * 0.999;
    r->ratio_128k = r->ratio;
    r->kld = (store_estimate){ s->kld, s->kld * 0.93, s->kld * 1.08 };
    r->kld_median = s->kld * 0.6;
    r->kld_p99 = s->kld * 8;
    r->kld_p999 = s->kld * 15;
    r->kld_max = s->kld * 40;
    r->ppl_ref = 20.7081;
    r->ppl = r->ppl_ref * (1 + s->dppl / 100);
    r->dppl = (store_estimate){ s->dppl, s->dppl - 0.18, s->dppl + 0.18 };
    r->top1 = (store_estimate){ s->top1, s->top1 - 0.5, s->top1 < 99.6 ? s->top1 + 0.4 : 100 };
    r->rms_dp = (store_estimate){ sqrt(s->kld) * 20, sqrt(s->kld) * 19, sqrt(s->kld) * 21 };
    r->verdict = s->verdict;
    r->encode_gbs = 1.5;
    r->decode_gbs = 2.5;
    r->ms_per_token = 0.013;
    r->peak_rss_bytes = 80 << 20;
}

static bool add(store *s, const sample *of, store_run r, unsigned number, bool small, fault *f)
{
    store_layer layers[2 * LAYERS];
    store_block blocks[PASSAGES * BLOCKS];
    for (unsigned i = 0; i < 2 * LAYERS; i++) {
        const bool v = i >= LAYERS;
        const double error = of->kld * (v ? 9 : 0.7) * exp2(2 * wobble(i, number % SAMPLES));
        layers[i] = (store_layer){ i % LAYERS,          v ? "v" : "k", v ? of->v : of->k,         error,
                                   v ? NAN : error / 2, 65536,         (int64_t)(of->bits * 8192) };
    }
    for (unsigned i = 0; i < PASSAGES * BLOCKS; i++) {
        const double kld = of->kld * POSITIONS * (1 + 0.4 * wobble(i, 7) + 0.1 * wobble(i, number % SAMPLES));
        blocks[i] = (store_block){ i / BLOCKS,
                                   i % BLOCKS,
                                   POSITIONS,
                                   3.03 * POSITIONS,
                                   3.03 * POSITIONS + of->dppl / 100 * POSITIONS,
                                   kld,
                                   kld * 0.02,
                                   (int64_t)(of->top1 / 100 * POSITIONS) };
    }
    if (!of->verdict) {
        r.reason = "signal 11 (SIGSEGV): besi: row 17";
        r.phase = "evaluating";
        return store_add_run(s, &r, NULL, NULL, f);
    }
    measure(&r, of);
    return store_add_run(s, &r,
                         &(store_parts){ .layers = layers,
                                         .n_layers = small ? 2 : 2 * LAYERS,
                                         .blocks = blocks,
                                         .n_blocks = small ? 1 : PASSAGES * BLOCKS },
                         NULL, f);
}

static bool fill_samples(store *s, fault *f)
{
    for (unsigned i = 0; i < SAMPLES; i++)
        if (!add(s, &samples[i], describe(&samples[i], i + 1), i, false, f)) return false;
    for (unsigned i = 0; i < 3; i++) { /* a group of its own */
        store_run r = describe(&samples[i + 1], SAMPLES + i + 1);
        r.protocol = "snapshot";
        r.eval = 64;
        if (!add(s, &samples[i + 1], r, i + 1, false, f)) return false;
    }
    /* The newest is of the first group. */
    const sample last = { "turbo4 @0:q8_0", "turbo4", "turbo4", 4.78, 0.0041, 0.33, 95.6, "ACCEPT*?" };
    return add(s, &last, describe(&last, SAMPLES + 4), 3, false, f);
}

static bool fill_many(store *s, long n, fault *f)
{
    for (long i = 0; i < n; i++) {
        sample one = samples[i % SAMPLES];
        char config[80];
        snprintf(config, sizeof config, "polar(bits=%ld,seed=%ld)", 2 + i % 6, i);
        one.config = config;
        one.kld *= 1 + 0.3 * wobble((unsigned)i, 3);
        one.bits *= 1 + 0.05 * wobble((unsigned)i, 5);
        if (!add(s, &one, describe(&one, i + 1), (unsigned)i, true, f)) return false;
    }
    return true;
}

static bool keep_locked(const char *path, bool alone, unsigned seconds, fault *f)
{
    sqlite3 *db;
    /* Beside a WAL everyone may read, unless the whole file is taken. */
    const char *sql = alone ? "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE" : "BEGIN EXCLUSIVE";
    const bool ok = sqlite3_open(path, &db) == SQLITE_OK && sqlite3_busy_timeout(db, 10000) == SQLITE_OK &&
                    sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK && puts("locked") >= 0 && fflush(stdout) == 0;
    if (ok) sleep(seconds);
    if (!ok) fault_set(f, FAULT_INPUT, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    return ok;
}

int main(int argc, char **argv)
{
    fault f = { 0 };
    const char *what = argc > 2 ? argv[2] : "";
    const bool locks = argc > 3 && (strcmp(what, "lock") == 0 || strcmp(what, "alone") == 0);
    store *s = argc > 1 && !locks ? store_open(argv[1], STORE_WRITE, &f) : NULL;
    if (argc < 2) fault_set(&f, FAULT_USAGE, "usage: screen_fill FILE.db [N|one]");
    const sample one = { "q5_1", "q5_1", "q5_1", 6, 0.0011, 0.1, 97.5, "ACCEPT*" };
    bool ok = s || locks;
    if (ok && strcmp(what, "one") == 0)
        ok = add(s, &one, describe(&one, 1000000), 2, false, &f);
    else if (locks)
        ok = keep_locked(argv[1], strcmp(what, "alone") == 0, (unsigned)strtoul(argv[3], NULL, 10), &f);
    else if (ok && *what)
        ok = fill_many(s, strtol(what, NULL, 10), &f);
    else if (ok)
        ok = fill_samples(s, &f);
    store_close(s);
    if (!ok) fprintf(stderr, "screen_fill: %s\n", f.text);
    return ok ? 0 : 1;
}
