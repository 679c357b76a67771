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

enum { EXACT, DECODED, OPEN, SIDES };

typedef struct tile {
    size_t at[TILE], n;   /* positions of its queries */
    float *queries;       /* TILE x dim */
    float *scores[SIDES]; /* TILE x padded */
    float *outputs[2];    /* TILE x stride: exact, decoded */
} tile;

typedef struct work {
    const simd *s;
    size_t rows, dim, v_dim, padded, stride;
    float scale;
    uint32_t visible;
    prepared side[SIDES];
    tile tile;
    float *memory;
} work;

static size_t whole_panels(const simd *s, size_t n)
{
    const size_t width = (size_t)s->width;
    return (n + width - 1) / width * width;
}

/* sides: 1 for the exact rows alone, 2 with the decoded ones, 3 with open ones. */
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
        if (i < OPEN) w->tile.outputs[i] = w->tile.scores[i] + scores;
        at += keys + values + scores + outputs;
    }
    return true;
}

static void prepare(const work *w, int side, const float *k, const float *v)
{
    if (k) attention_pack_keys(w->s, k, 0, w->rows, (int)w->dim, NULL, w->side[side].keys, NULL);
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

/* The first row the tile's i-th query sees. */
static size_t lowest(const work *w, size_t i)
{
    return attention_first(w->tile.at[i], w->visible);
}

static void weigh(const work *w, int side)
{
    const tile *t = &w->tile;
    for (size_t i = 0; i < t->n; i++) {
        const size_t low = lowest(w, i);
        float *row = t->scores[side] + i * w->padded;
        memset(row, 0, low * sizeof *row);
        w->s->softmax(row + low, t->at[i] + 1 - low, w->padded - low, w->scale);
    }
}

static void mix_rows(const work *w, int side, int output, bool add)
{
    const tile *t = &w->tile;
    for (size_t c = 0; c < w->stride; c += (size_t)w->s->width)
        w->s->panel(t->scores[side], w->padded, t->n, w->side[side].values + c, w->stride, seen(t),
                    t->outputs[output] + c, w->stride, w->s->width, add);
}

/* Moves what the tile's queries see open from one side's scores or weights to another's; zeros stay. */
static void move_open(const work *w, int from, int to, uint32_t block, uint32_t window)
{
    const tile *t = &w->tile;
    for (size_t i = 0; i < t->n; i++) {
        size_t settled = attention_settled(t->at[i], block, window);
        settled = settled < w->padded ? settled : w->padded;
        float *source = t->scores[from] + i * w->padded, *target = t->scores[to] + i * w->padded;
        memcpy(target + settled, source + settled, (w->padded - settled) * sizeof *target);
        memset(source + settled, 0, (w->padded - settled) * sizeof *source);
    }
}

/* Weights of open rows go to the open values. */
static void mix(const work *w, const attention_rows *rows)
{
    mix_rows(w, EXACT, EXACT, false);
    if (rows->v_open) {
        memset(w->tile.scores[OPEN], 0, w->tile.n * w->padded * sizeof(float));
        move_open(w, DECODED, OPEN, rows->v_block, rows->v_window);
    }
    mix_rows(w, DECODED, DECODED, false);
    if (rows->v_open) mix_rows(w, OPEN, DECODED, true);
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
        for (size_t j = lowest(w, i); j <= t->at[i]; j++) {
            const double x = (double)t->scores[0][i * w->padded + j], d = x - (double)t->scores[1][i * w->padded + j];
            g->logit_error += d * d;
            g->logit_total += x * x;
        }
}

static void add_weights(const work *w, attention_gap *g)
{
    const tile *t = &w->tile;
    for (size_t i = 0; i < t->n; i++) {
        const double c = cosine(t->scores[EXACT] + i * w->padded, t->scores[DECODED] + i * w->padded, t->at[i] + 1);
        g->weights += c;
        if (g->queries + i == 0 || c < g->least) g->least = c;
    }
    g->queries += t->n;
}

static void add_outputs(const work *w, attention_gap *g)
{
    const tile *t = &w->tile;
    for (size_t i = 0; i < t->n; i++)
        g->outputs += cosine(t->outputs[EXACT] + i * w->stride, t->outputs[DECODED] + i * w->stride, w->v_dim);
}

/* The next queries of `count` positions spread evenly over those from `first` on, from the done-th on. */
static void fill(work *w, const float *queries, size_t first, size_t count, size_t done)
{
    tile *t = &w->tile;
    const size_t n = w->rows - first;
    t->n = count - done < TILE ? count - done : TILE;
    for (size_t i = 0; i < t->n; i++) {
        const size_t at = count == n ? done + i : (2 * (done + i) + 1) * n / (2 * count);
        t->at[i] = first + at;
        memcpy(t->queries + i * w->dim, queries + at * w->dim, w->dim * sizeof *queries);
    }
}

static void compare_tile(const work *w, const attention_rows *rows, attention_gap *g)
{
    score(w, EXACT);
    score(w, DECODED);
    if (rows->k_open) {
        score(w, OPEN);
        move_open(w, OPEN, DECODED, rows->k_block, rows->k_window);
    }
    add_logits(w, g);
    weigh(w, EXACT);
    weigh(w, DECODED);
    add_weights(w, g);
    mix(w, rows);
    add_outputs(w, g);
}

bool attention_gap_add(attention_gap *g, const attention_rows *rows, const float *queries, size_t most, fault *f)
{
    work w;
    const bool open = rows->k_open || rows->v_open;
    if (!open_work(&w, rows->n, rows->dim, rows->v_dim, open ? SIDES : OPEN, f)) return false;
    if (rows->scale > 0) w.scale = rows->scale;
    w.visible = rows->visible;
    prepare(&w, EXACT, rows->k, rows->v);
    prepare(&w, DECODED, rows->k_decoded, rows->v_decoded);
    if (open) prepare(&w, OPEN, rows->k_open, rows->v_open);
    const size_t n = rows->n - rows->first, count = most && most < n ? most : n;
    for (size_t done = 0; done < count; done += w.tile.n) {
        fill(&w, queries, rows->first, count, done);
        compare_tile(&w, rows, g);
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
        fill(&w, queries, 0, n, done);
        score(&w, EXACT);
        weigh(&w, EXACT);
        for (size_t i = 0; i < w.tile.n; i++)
            for (size_t j = 0; j <= w.tile.at[i]; j++) {
                sums[j] += (double)(w.tile.at[i] + 1) * (double)w.tile.scores[0][i * w.padded + j];
                counts[j]++;
            }
    }
    free(w.memory);
    return true;
}
