#include "app/predict_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/complete_config.h"
#include "app/job.h"
#include "app/memory_shape.h"
#include "app/predict_count.h"
#include "base/clock.h"

enum { KEPT = 512, LOADED = 64 };
#define SECONDS 2.5 /* for all codecs of one answer */

/* A cost and what it is of. */
typedef struct kept_cost {
    char *codec;
    int stream, dim, n_heads, n_layers, rotated, ctx;
    predict_cost cost;
} kept_cost;

struct answerer {
    const catalog *known; /* of all plugins, by description */
    registry *codecs;     /* those that were needed */
    const char *loaded[LOADED];
    size_t n_loaded;
    void (*trying)(void *self, const char *codec);
    void *self;
    predict_noise noise;
    kept_cost kept[KEPT]; /* the oldest is replaced */
    size_t n_kept;        /* ever */
    memory_shape shape;   /* of the model asked about last */
    char model[PATH_MAX]; /* "": none */
    struct timespec changed;
    off_t size;
};

answerer *answerer_create(const catalog *known, void (*trying)(void *self, const char *codec), void *self, fault *f)
{
    answerer *a = calloc(1, sizeof *a);
    if (!a) {
        fault_memory(f, "predictions");
        return NULL;
    }
    a->known = known;
    a->trying = trying;
    a->self = self;
    a->codecs = registry_create(f);
    if (a->codecs) return a;
    free(a);
    return NULL;
}

void answerer_destroy(answerer *a)
{
    if (!a) return;
    for (size_t i = 0; i < KEPT; i++)
        free(a->kept[i].codec);
    predict_noise_release(&a->noise);
    registry_destroy(a->codecs);
    free(a);
}

/* ---- the model ---- */

/* Reads the header, unless it is the file that was read last; or a description. */
static bool read_file(answerer *a, const char *path, fault *f)
{
    struct stat s = { 0 };
    const bool there = stat(path, &s) == 0;
    if (there && strcmp(a->model, path) == 0 && a->size == s.st_size && a->changed.tv_sec == s.st_mtim.tv_sec &&
        a->changed.tv_nsec == s.st_mtim.tv_nsec)
        return true;
    a->model[0] = '\0';
    model_shape shape;
    gguf *g = gguf_open(path, f);
    const bool ok = g && model_read_shape(g, &shape, f) && memory_shape_of_model(&shape, &a->shape, f);
    gguf_close(g);
    if (!ok) return false;
    snprintf(a->model, sizeof a->model, "%s", path);
    a->size = s.st_size;
    a->changed = s.st_mtim;
    return true;
}

static bool read_model(answerer *a, const char *what, fault *f)
{
    if (!memory_shape_described(what)) return read_file(a, what, f);
    if (strcmp(a->model, what) == 0) return true;
    a->model[0] = '\0';
    if (!memory_shape_parse(what, &a->shape, f)) return false;
    snprintf(a->model, sizeof a->model, "%s", what);
    return true;
}

/* ---- the codecs ---- */

static bool load(answerer *a, const char *path, fault *f)
{
    for (size_t i = 0; i < a->n_loaded; i++)
        if (strcmp(a->loaded[i], path) == 0) return true;
    if (a->n_loaded == LOADED) return fault_set(f, FAULT_INPUT, "codecs of more than %d plugins", LOADED);
    if (a->trying) a->trying(a->self, path);
    if (!registry_load(a->codecs, path, f)) return false;
    a->loaded[a->n_loaded++] = path;
    return true;
}

static bool load_all(answerer *a, const config *c, fault *f)
{
    for (size_t i = 0; i <= c->n_exceptions; i++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            for (const spec *s = i ? c->exceptions[i - 1].spec[side] : c->base[side]; s; s = s->inner)
                if (!load(a, s->codec->path, f)) return false;
    return true;
}

static const kept_cost *find_kept(const answerer *a, const kept_cost *like)
{
    for (size_t i = 0; i < KEPT && a->kept[i].codec; i++) {
        const kept_cost *k = &a->kept[i];
        if (k->stream == like->stream && k->dim == like->dim && k->n_heads == like->n_heads &&
            k->n_layers == like->n_layers && k->rotated == like->rotated && k->ctx == like->ctx &&
            strcmp(k->codec, like->codec) == 0)
            return k;
    }
    return NULL;
}

static void keep(answerer *a, const kept_cost *one)
{
    char *copy = strdup(one->codec);
    if (!copy) return;
    kept_cost *to = &a->kept[a->n_kept++ % KEPT];
    free(to->codec);
    *to = *one;
    to->codec = copy;
}

/* Layers that treat a side alike cost alike. */
static bool cost_of(answerer *a, const spec *codec, int layer, int stream, bool rotated, int ctx, double end,
                    predict_cost *out, fault *f)
{
    const memory_layer *l = &a->shape.layers[layer];
    const int rows = memory_layer_rows(l, ctx);
    kept_cost one = { codec->text, stream, l->dim[stream], l->heads, a->shape.n_layers, rotated, rows, { 0 } };
    const kept_cost *kept = find_kept(a, &one);
    if (kept) {
        *out = kept->cost;
        return true;
    }
    const double left = end - clock_seconds();
    const predict_stream s = {
        .known = a->codecs,
        .codec = codec,
        .shape = { .stream = stream,
                   .dim = l->dim[stream],
                   .layer = layer,
                   .n_layers = a->shape.n_layers,
                   .n_heads = l->heads,
                   .rotated = rotated },
        .ctx = (size_t)rows,
        .seconds = left > 0 ? left : 0,
    };
    if (a->trying) a->trying(a->self, codec->text);
    if (!predict_count(&s, &a->noise, &one.cost, f)) return false;
    keep(a, &one);
    *out = one.cost;
    return true;
}

/* ---- the answer ---- */

typedef struct sums {
    byte_counts side[2], windowed;
    int window; /* the longest */
    uint64_t side_bytes, peak;
} sums;

static void add_counts(byte_counts *b, const predict_cost *c)
{
    b->values += c->values;
    b->total += c->bytes;
    b->open_values += c->open_values;
    b->open += 2 * c->open_values;
}

static void add_cost(sums *to, int stream, int window, const predict_cost *c, prediction *out)
{
    add_counts(&to->side[stream], c);
    if (window > 0) add_counts(&to->windowed, c);
    if (window > to->window) to->window = window;
    to->side_bytes += c->side_bytes;
    to->peak += c->peak_bytes;
    out->about = out->about || c->about;
    out->calibrates = out->calibrates || c->calibrates;
}

static void write_figures(const sums *s, int ctx, prediction *out)
{
    const byte_counts *k = &s->side[KVANT_K], *v = &s->side[KVANT_V];
    job_result r = { .sequences = 1, .positions = (uint64_t)ctx, .side_bytes = s->side_bytes };
    r.bytes = (byte_counts){ .values = k->values + v->values,
                             .total = k->total + v->total,
                             .open = k->open + v->open,
                             .open_values = k->open_values + v->open_values };
    r.windowed = s->windowed;
    r.window = s->window;
    r.windowed_rows = (uint64_t)(ctx < s->window ? ctx : s->window);
    job_ratios(&r, ctx);
    out->bits_per_value = r.bits_per_value;
    out->ratio = r.ratio;
    out->ratio_ctx = r.ratio_ctx;
    out->ratio_128k = r.ratio_128k;
    out->side_bytes = (double)s->side_bytes;
    out->k_bits = 8 * (double)k->total / (double)k->values;
    out->v_bits = v->values ? 8 * (double)v->total / (double)v->values : 0;
    out->values = (double)r.bytes.values;
    out->bytes = (double)r.bytes.total;
    out->peak_bytes = (double)s->peak;
}

static bool count(answerer *a, const config_layer *plan, const config *c, int ctx, prediction *out, fault *f)
{
    sums s = { 0 };
    const double end = clock_seconds() + SECONDS;
    for (int il = 0; il < a->shape.n_layers; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            predict_cost cost;
            if (a->shape.layers[il].dim[side] == 0) continue;
            const bool rotated = side == KVANT_K && c->rope_post;
            if (!cost_of(a, plan[il].spec[side], il, side, rotated, ctx, end, &cost, f)) return false;
            add_cost(&s, side, a->shape.layers[il].window, &cost, out);
        }
    write_figures(&s, ctx, out);
    return true;
}

/* The codecs of every layer, allocated. What is not kept takes any codec. */
static config_layer *plan_of(const answerer *a, const config *c, fault *f)
{
    const size_t n = (size_t)a->shape.n_layers;
    int(*dims)[2] = calloc(n, sizeof *dims);
    config_layer *plan = calloc(n, sizeof *plan);
    bool ok = (dims && plan) || fault_memory(f, "the plan of layers");
    for (size_t il = 0; ok && il < n; il++)
        for (int side = KVANT_K; side <= KVANT_V; side++) {
            const int *dim = a->shape.layers[il].dim;
            dims[il][side] = dim[side] ? dim[side] : dim[KVANT_K];
        }
    uint64_t windowed[MEMORY_LAYERS / 64 + 1] = { 0 };
    for (size_t il = 0; il < n; il++)
        if (a->shape.layers[il].window > 0) windowed[il / 64] |= (uint64_t)1 << il % 64;
    const config_model attention = { .n_layers = a->shape.n_layers,
                                     .dims = (const int(*)[2])dims,
                                     .windowed = windowed };
    ok = ok && config_resolve(c, &attention, plan, f);
    free(dims);
    if (ok) return plan;
    free(plan);
    return NULL;
}

/* The config again with the registry's own codecs, for the model's layers. */
static bool measure(answerer *a, const config *typed, const prediction_question *q, prediction *out, fault *f)
{
    if (!read_model(a, q->model, f) || !load_all(a, typed, f)) return false;
    config *c = config_parse(registry_catalog(a->codecs), typed->line, f);
    config_layer *plan = c ? plan_of(a, c, f) : NULL;
    const bool ok = plan && count(a, plan, c, q->ctx, out, f);
    free(plan);
    config_free(c);
    return ok;
}

static void say_wrong(prediction *out, const fault *f, const char *line)
{
    char message[sizeof out->text];
    out->column = config_fault_column(f, line, message, sizeof message);
    memcpy(out->text, message, sizeof message);
    out->state = PREDICTION_WRONG;
}

void answerer_answer(answerer *a, const prediction_question *q, prediction *out)
{
    config_typed typed;
    fault f = { 0 };
    *out = (prediction){ .state = PREDICTION_WRONG };
    config_typed_read(a->known, q->config, PLACE_CONFIG, &typed);
    if (typed.state != TYPED_WHOLE) {
        out->state = typed.state == TYPED_PARTIAL ? PREDICTION_PARTIAL : PREDICTION_WRONG;
        out->column = typed.column;
        snprintf(out->text, sizeof out->text, "%s", typed.message);
        return;
    }
    if (strlen(typed.config->text) >= sizeof out->config)
        snprintf(out->text, sizeof out->text, "its canonical form is longer than %zu bytes", sizeof out->config - 1);
    else if (!measure(a, typed.config, q, out, &f))
        say_wrong(out, &f, typed.config->line);
    else
        out->state = PREDICTION_KNOWN;
    out->configs = out->counted = 1;
    out->most_bits = out->bits_per_value;
    snprintf(out->config, sizeof out->config, "%s", typed.config->text);
    config_free(typed.config);
}
