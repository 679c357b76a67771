#include "app/offline_attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/attention.h"

enum { TILE = 32 }; /* queries whose scores are held at once */

/* Keys, or values, made ready for panels. */
typedef struct prepared {
    float *keys;   /* packed */
    float *values; /* n x stride, columns past v_dim zero */
} prepared;

typedef struct tile {
    size_t at[TILE], n; /* positions of its queries */
    float *queries;     /* TILE x dim */
    float *scores[2];   /* TILE x padded: exact, decoded */
    float *outputs[2];  /* TILE x stride */
} tile;

typedef struct work {
    const simd *s;
    size_t rows, dim, v_dim, padded, stride;
    float scale;
    prepared side[2];
    tile tile;
    float *memory;
} work;

static size_t whole_panels(const simd *s, size_t n)
{
    const size_t width = (size_t)s->width;
    return (n + width - 1) / width * width;
}

/* sides: 1 for the exact rows alone, 2 with the decoded ones. */
static bool open_work(work *w, size_t n, size_t dim, size_t v_dim, int sides, fault *f)
{
    const simd *s = simd_best();
    *w = (work){ .s = s, .rows = n, .dim = dim, .v_dim = v_dim, .scale = (float)(1 / sqrt((double)dim)) };
    w->padded = whole_panels(s, n);
    w->stride = whole_panels(s, v_dim);
    const size_t keys = attention_panel_floats(s, n, (int)dim), values = n * w->stride;
    const size_t scores = TILE * w->padded, outputs = TILE * w->stride, count = (size_t)sides;
    w->memory = calloc(count * (keys + values + scores + outputs) + TILE * dim, sizeof(float));
    if (!w->memory) return fault_memory(f, "attention");
    float *at = w->memory;
    w->tile.queries = at;
    at += TILE * dim;
    for (int i = 0; i < sides; i++) {
        w->side[i] = (prepared){ at, at + keys };
        w->tile.scores[i] = at + keys + values;
        w->tile.outputs[i] = w->tile.scores[i] + scores;
        at = w->tile.outputs[i] + outputs;
    }
    return true;
}

static void prepare(const work *w, int side, const float *k, const float *v)
{
    attention_pack_keys(w->s, k, 0, w->rows, (int)w->dim, NULL, w->side[side].keys, NULL);
    for (size_t i = 0; v && i < w->rows; i++)
        memcpy(w->side[side].values + i * w->stride, v + i * w->v_dim, w->v_dim * sizeof *v);
}

/* Rows the queries of the tile see, at most. */
static size_t seen(const tile *t)
{
    return t->at[t->n - 1] + 1;
}

static void score(const work *w, int side)
{
    const tile *t = &w->tile;
    const size_t width = (size_t)w->s->width;
    for (size_t j = 0; j < seen(t); j += width)
        w->s->panel(t->queries, w->dim, t->n, w->side[side].keys + j * w->dim, width, w->dim, t->scores[side] + j,
                    w->padded, w->s->width, false);
}

static void weigh(const work *w, int side)
{
    const tile *t = &w->tile;
    for (size_t i = 0; i < t->n; i++)
        w->s->softmax(t->scores[side] + i * w->padded, t->at[i] + 1, w->padded, w->scale);
}

static void mix(const work *w, int side)
{
    const tile *t = &w->tile;
    for (size_t c = 0; c < w->stride; c += (size_t)w->s->width)
        w->s->panel(t->scores[side], w->padded, t->n, w->side[side].values + c, w->stride, seen(t),
                    t->outputs[side] + c, w->stride, w->s->width, false);
}

/* ---- comparing ---- */

/* sqrt(a*a) is a, so that the cosine of equal vectors is 1 and not nearly so. */
static double cosine(const float *x, const float *y, size_t n)
{
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        xx += (double)x[i] * (double)x[i];
        yy += (double)y[i] * (double)y[i];
        xy += (double)x[i] * (double)y[i];
    }
    if (xx == 0 || yy == 0) return xx == yy;
    return xy / sqrt(xx * yy);
}

static void add_logits(const work *w, attention_gap *g)
{
    const tile *t = &w->tile;
    for (size_t i = 0; i < t->n; i++)
        for (size_t j = 0; j <= t->at[i]; j++) {
            const double x = (double)t->scores[0][i * w->padded + j], d = x - (double)t->scores[1][i * w->padded + j];
            g->logit_error += d * d;
            g->logit_total += x * x;
        }
}

static void add_cosines(const work *w, attention_gap *g)
{
    const tile *t = &w->tile;
    for (size_t i = 0; i < t->n; i++) {
        g->weights += cosine(t->scores[0] + i * w->padded, t->scores[1] + i * w->padded, t->at[i] + 1);
        g->outputs += cosine(t->outputs[0] + i * w->stride, t->outputs[1] + i * w->stride, w->v_dim);
    }
    g->queries += t->n;
}

/* The next queries of `count` positions spread evenly over n, from the done-th on. */
static void fill(work *w, const float *queries, size_t count, size_t done)
{
    tile *t = &w->tile;
    t->n = count - done < TILE ? count - done : TILE;
    for (size_t i = 0; i < t->n; i++) {
        t->at[i] = count == w->rows ? done + i : (2 * (done + i) + 1) * w->rows / (2 * count);
        memcpy(t->queries + i * w->dim, queries + t->at[i] * w->dim, w->dim * sizeof *queries);
    }
}

bool attention_gap_add(attention_gap *g, const attention_rows *rows, const float *queries, size_t most, fault *f)
{
    work w;
    if (!open_work(&w, rows->n, rows->dim, rows->v_dim, 2, f)) return false;
    prepare(&w, 0, rows->k, rows->v);
    prepare(&w, 1, rows->k_decoded, rows->v_decoded);
    const size_t count = most && most < rows->n ? most : rows->n;
    for (size_t done = 0; done < count; done += w.tile.n) {
        fill(&w, queries, count, done);
        for (int side = 0; side < 2; side++)
            score(&w, side);
        add_logits(&w, g);
        for (int side = 0; side < 2; side++) {
            weigh(&w, side);
            mix(&w, side);
        }
        add_cosines(&w, g);
    }
    free(w.memory);
    return true;
}

bool attention_received(const float *queries, const float *k, size_t n, size_t dim, double *sums, uint64_t *counts,
                        fault *f)
{
    work w;
    if (!open_work(&w, n, dim, 0, 1, f)) return false;
    prepare(&w, 0, k, NULL);
    for (size_t done = 0; done < n; done += w.tile.n) {
        fill(&w, queries, n, done);
        score(&w, 0);
        weigh(&w, 0);
        for (size_t i = 0; i < w.tile.n; i++)
            for (size_t j = 0; j <= w.tile.at[i]; j++) {
                sums[j] += (double)(w.tile.at[i] + 1) * (double)w.tile.scores[0][i * w.padded + j];
                counts[j]++;
            }
    }
    free(w.memory);
    return true;
}
