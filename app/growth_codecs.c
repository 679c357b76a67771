/* Rows, head dimension, bits: a codec both ways, through the host's checks as a run uses it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench_time.h"
#include "app/growth.h"
#include "app/growth_theory.h"
#include "app/instance.h"
#include "base/clock.h"
#include "kernels/random.h"

enum { ENCODE = GROWTH_ENCODE, DECODE = GROWTH_DECODE, WAYS = GROWTH_WAYS };
enum { ROWS_DIM = 128, DIM_ROWS = 256, BITS_ROWS = 1024, FIRST_ROWS = 64, FIRST_DIM = 32 };

/* Sizes end where encoding once takes longer. */
#define LONGEST_SECONDS 0.1

static const char *const ways[WAYS] = { "encode", "decode" };

/* A codec at one size. */
typedef struct subject {
    const growth_request *r;
    spec *codec;
    instance *encoder, *decoder;
    const float *rows;
    float *back;
    const uint8_t *bytes;
    size_t n_rows, n_bytes;
    int dim;
    double n;
} subject;

/* One codec at all sizes. */
typedef struct ladder {
    const growth_request *r;
    const char *name; /* of the codec as it was asked for */
    growth_law law[WAYS];
    subject step[GROWTH_POINTS];
    spec *own[GROWTH_POINTS]; /* codecs that were made for a size */
    size_t n;
    float *rows;
    size_t n_values, n_made; /* room in rows, and those that are noise already: sizes may end before the largest */
} ladder;

/* ---- one size ---- */

static bool go(subject *s, fault *f)
{
    return growth_at(s->r, NULL, f);
}

static bool encode(void *arg, fault *f)
{
    subject *s = arg;
    return go(s, f) && instance_encode(s->encoder, 0, s->rows, s->n_rows, &s->bytes, &s->n_bytes, f);
}

static bool decode(void *arg, fault *f)
{
    subject *s = arg;
    return go(s, f) && instance_decode(s->decoder, 0, s->bytes, s->n_bytes, s->back, s->n_rows, f);
}

static bool open_subject(subject *s, fault *f)
{
    const kvant_shape shape = { .stream = KVANT_K, .dim = s->dim, .n_layers = 1, .n_heads = 1, .rotated = 1 };
    s->encoder = instance_open(s->r->known, s->codec, &shape, NULL, f);
    s->decoder = s->encoder ? instance_open(s->r->known, s->codec, &shape, NULL, f) : NULL;
    if (!s->decoder) return false;
    if (instance_calibrates(s->encoder))
        return fault_set(f, FAULT_INPUT, "growth: %s calibrates; codecs that do are not timed here", s->codec->text);
    const size_t block = instance_block(s->encoder);
    s->n_rows = (s->n_rows + block - 1) / block * block;
    return true;
}

/* What the encoder saves the decoder loads. */
static bool first_time(subject *s, double *seconds, fault *f)
{
    uint8_t *side = NULL;
    size_t n = 0;
    if (!encode(s, f) || !instance_save(s->encoder, &side, &n, f)) return false;
    bool ok = n == 0 || instance_load(s->decoder, side, n, f);
    free(side);
    s->back = malloc(s->n_rows * (size_t)s->dim * sizeof *s->back);
    if (ok && !s->back) ok = fault_memory(f, "rows");
    ok = ok && decode(s, f);
    const double begin = clock_thread();
    ok = ok && encode(s, f);
    *seconds = clock_thread() - begin;
    return ok;
}

/* ---- all sizes ---- */

static bool open_rows(ladder *l, size_t n_values, fault *f)
{
    l->n_values = n_values;
    l->rows = reallocarray(NULL, n_values, sizeof *l->rows);
    return l->rows || fault_memory(f, "rows");
}

static void make_rows(ladder *l, size_t n_values)
{
    for (; l->n_made < n_values; l->n_made++)
        l->rows[l->n_made] = (float)random_normal(l->r->seed, l->n_made);
}

/* One more size; *last: no larger one should follow. */
static bool climb(ladder *l, const subject *like, bool *last, fault *f)
{
    double seconds = 0;
    if (l->n == GROWTH_POINTS) return fault_set(f, FAULT_USAGE, "growth: more than %d sizes", GROWTH_POINTS);
    subject *s = &l->step[l->n];
    *s = *like;
    s->r = l->r;
    l->n++;
    if (!growth_at(l->r, l->name, f) || !open_subject(s, f)) return false;
    if (s->n_rows * (size_t)s->dim > l->n_values)
        return fault_set(f, FAULT_INPUT, "growth: %s has blocks of %zu rows, too many for a size here", l->name,
                         instance_block(s->encoder));
    make_rows(l, s->n_rows * (size_t)s->dim);
    s->rows = l->rows;
    if (!first_time(s, &seconds, f)) return false;
    *last = seconds > LONGEST_SECONDS;
    return true;
}

static void hash_of(const void *bytes, size_t n, char to[HASH_HEX])
{
    hash h;
    hash_start(&h);
    hash_bytes(&h, bytes, n);
    hash_finish(&h, to);
}

static bool record(const ladder *l, int way, growth_series *to, double *seconds, fault *f)
{
    for (size_t i = 0; i < l->n; i++) {
        const subject *s = &l->step[i];
        if (!growth_point_add(to, s->n, growth_law_cost(l->law[way], s->n), seconds + i * (size_t)l->r->reps,
                              l->r->reps, f))
            return false;
        if (way == ENCODE)
            hash_of(s->bytes, s->n_bytes, to->points[i].result);
        else
            hash_of(s->back, s->n_rows * (size_t)s->dim * sizeof *s->back, to->points[i].result);
    }
    return true;
}

/* Both ways at all sizes in turns. */
static bool time_ladder(ladder *l, const growth_question *q, growth *out, fault *f)
{
    static bool (*const run[WAYS])(void *, fault *) = { encode, decode };
    bench_entrant e[WAYS * GROWTH_POINTS];
    const size_t n = WAYS * l->n, reps = (size_t)l->r->reps;
    double *seconds = calloc(n * reps, sizeof *seconds);
    if (!seconds) return fault_memory(f, "the measurements");
    for (size_t i = 0; i < n; i++)
        e[i] = (bench_entrant){ .run = run[i / l->n], .arg = &l->step[i % l->n], .seconds = seconds + i * reps };
    bool ok = bench_turns(e, n, l->r->reps, f);
    for (int way = 0; ok && way < WAYS; way++) {
        growth_series *s = growth_add(out, q->name, q->x_title, growth_law_name(l->law[way]), f);
        ok = s != NULL;
        if (ok) snprintf(s->name, sizeof s->name, "%s, %s", l->name, ways[way]);
        ok = ok && record(l, way, s, seconds + (size_t)way * l->n * reps, f);
    }
    free(seconds);
    return ok;
}

static void close_ladder(ladder *l)
{
    for (size_t i = 0; i < l->n; i++) {
        instance_close(l->step[i].encoder, NULL);
        instance_close(l->step[i].decoder, NULL);
        free(l->step[i].back);
    }
    for (size_t i = 0; i < GROWTH_POINTS; i++)
        spec_free(l->own[i]);
    free(l->rows);
    *l = (ladder){ .r = l->r };
}

/* ---- the questions ---- */

static bool fill_rows(ladder *l, spec *codec, const growth_question *q, fault *f)
{
    bool last = false;
    l->law[ENCODE] = l->law[DECODE] = GROWTH_LINEAR;
    if (!open_rows(l, (size_t)growth_largest(l->r, q) * ROWS_DIM, f)) return false;
    for (double n = FIRST_ROWS; n <= growth_largest(l->r, q) && !last; n *= 2)
        if (!climb(l, &(subject){ .codec = codec, .n_rows = (size_t)n, .dim = ROWS_DIM, .n = n }, &last, f))
            return false;
    return true;
}

static bool fill_dim(ladder *l, spec *codec, const growth_question *q, fault *f)
{
    bool last = false;
    for (int way = 0; way < WAYS; way++)
        l->law[way] = growth_law_of_dim(codec, way);
    if (!open_rows(l, (size_t)growth_largest(l->r, q) * DIM_ROWS, f)) return false;
    for (double n = FIRST_DIM; n <= growth_largest(l->r, q) && !last; n *= 2)
        if (catalog_takes_dim(codec->codec, (int)n) &&
            !climb(l, &(subject){ .codec = codec, .n_rows = DIM_ROWS, .dim = (int)n, .n = n }, &last, f))
            return false;
    return true;
}

/* The codec with so many bits; the caller frees it. */
static spec *with_bits(const ladder *l, const spec *codec, double bits, fault *f)
{
    const size_t n = strlen(codec->text), room = n + 16;
    const bool has_arguments = codec->text[n - 1] == ')';
    char *text = malloc(room);
    if (!text) {
        fault_memory(f, "a codec's name");
        return NULL;
    }
    snprintf(text, room, "%.*s%sbits=%.0f)", (int)(n - has_arguments), codec->text, has_arguments ? "," : "(", bits);
    spec *s = spec_parse(registry_catalog(l->r->known), text, f);
    free(text);
    return s;
}

static bool fill_bits(ladder *l, spec *codec, const growth_question *q, fault *f)
{
    const catalog_param *bits = catalog_param_of(codec->codec, "bits");
    bool last = false;
    if (!bits || bits->type != KVANT_INT)
        return fault_set(f, FAULT_USAGE, "growth: %s has no parameter bits to grow", codec->text);
    for (int way = 0; way < WAYS; way++)
        l->law[way] = growth_law_of_bits(codec, way);
    if (!open_rows(l, BITS_ROWS * ROWS_DIM, f)) return false;
    for (double n = bits->min; n <= bits->max && n <= growth_largest(l->r, q) && !last && l->n < GROWTH_POINTS; n++) {
        spec *s = l->own[l->n] = with_bits(l, codec, n, f);
        if (!s || !climb(l, &(subject){ .codec = s, .n_rows = BITS_ROWS, .dim = ROWS_DIM, .n = n }, &last, f))
            return false;
    }
    return true;
}

typedef bool (*filler)(ladder *l, spec *codec, const growth_question *q, fault *f);

static bool too_small(const ladder *l, fault *f)
{
    return fault_set(f, FAULT_USAGE, "growth: %s has no size up to the largest that is asked for", l->name);
}

static bool ask(const growth_request *r, const char *what, filler fill, growth *out, fault *f)
{
    const growth_question *q = growth_question_named(what);
    ladder *l = calloc(1, sizeof *l);
    bool ok = l || fault_memory(f, "the measurements");
    for (size_t i = 0; ok && i < r->n_codecs; i++) {
        *l = (ladder){ .r = r, .name = r->codecs[i]->text };
        ok = fill(l, r->codecs[i], q, f) && (l->n > 0 || too_small(l, f)) && time_ladder(l, q, out, f);
        close_ladder(l);
    }
    free(l);
    return ok;
}

/* A copy of the rows: what memory itself does as it is farther away. */
static bool time_copies(const growth_request *r, growth *out, fault *f)
{
    const growth_question *q = growth_question_named("rows");
    const size_t most = (size_t)growth_largest(r, q) * ROWS_DIM * sizeof(float), reps = (size_t)r->reps;
    bench_copy copies[GROWTH_POINTS];
    bench_entrant e[GROWTH_POINTS];
    size_t n = 0;
    char *from = reallocarray(NULL, 2, most), *to = from ? from + most : NULL;
    double *seconds = calloc(GROWTH_POINTS * reps, sizeof *seconds);
    bool ok = (from && seconds) || fault_memory(f, "rows");
    if (ok) memset(from, 1, 2 * most); /* memory of its own: pages that nobody has written are all one */
    for (size_t rows = FIRST_ROWS; ok && n < GROWTH_POINTS && rows * ROWS_DIM * sizeof(float) <= most; rows *= 2, n++) {
        copies[n] = (bench_copy){ .to = to, .from = from, .n = rows * ROWS_DIM * sizeof(float) };
        e[n] = (bench_entrant){ .run = bench_copy_run, .arg = &copies[n], .seconds = seconds + n * reps };
    }
    ok = ok && growth_at(r, "a copy", f) && bench_turns(e, n, r->reps, f);
    growth_series *s = ok ? growth_add(out, q->name, q->x_title, growth_law_name(GROWTH_LINEAR), f) : NULL;
    if (s) {
        snprintf(s->name, sizeof s->name, "a copy of the rows");
        s->beside = true;
    }
    for (size_t i = 0; s && ok && i < n; i++) {
        const double rows = (double)(copies[i].n / ROWS_DIM / sizeof(float));
        ok = growth_point_add(s, rows, rows, e[i].seconds, r->reps, f);
    }
    free(from);
    free(seconds);
    return s && ok;
}

bool growth_rows(const growth_request *r, growth *out, fault *f)
{
    return ask(r, "rows", fill_rows, out, f) && time_copies(r, out, f);
}

bool growth_dim(const growth_request *r, growth *out, fault *f)
{
    return ask(r, "dim", fill_dim, out, f);
}

bool growth_bits(const growth_request *r, growth *out, fault *f)
{
    return ask(r, "bits", fill_bits, out, f);
}
