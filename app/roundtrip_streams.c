#include "app/roundtrip_streams.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/capture_file.h"
#include "app/offline_codec.h"
#include "app/offline_rope.h"
#include "app/offline_samples.h"
#include "app/stream_error.h"
#include "base/file.h"

typedef struct sink {
    FILE *to;
    const char *path;
} sink;

typedef struct work {
    const roundtrip_streams_request *r;
    roundtrip_streams_result *out;
    const rows_tensor **chosen;
    size_t n_chosen;
    sink encoded, decoded;
    pool *crew;
    host_env env; /* the threads that help */
} work;

/* One tensor at work. */
typedef struct tensor_work {
    work *w;
    const rows_tensor *t;
    int side;
    size_t sequence, cut, measured; /* rows: of a sequence, that calibrate, that are measured */
    offline_codec *codec;
    size_t first; /* instance at work */
    float *exact, *back;
    const offline_known *known; /* while codecs calibrate */
    fault *faults;              /* per instance */
} tensor_work;

/* ---- which tensors ---- */

static uint32_t all_flags(const spec *s)
{
    uint32_t flags = 0;
    for (; s; s = s->inner)
        flags |= s->codec->flags;
    return flags;
}

static bool takes(const work *w, int side)
{
    return !(all_flags(w->r->codec) & (side == ROWS_K ? KVANT_V_ONLY : KVANT_K_ONLY));
}

static bool cached(const rows_tensor *t)
{
    return t->side == ROWS_K || t->side == ROWS_V;
}

static int side_of(const work *w, const rows_tensor *t)
{
    if (w->r->side != ROWS_UNKNOWN) return w->r->side;
    if (cached(t)) return t->side;
    return takes(w, ROWS_K) ? ROWS_K : ROWS_V;
}

static bool choose_named(work *w, fault *f)
{
    for (size_t i = 0; i < w->r->n_names; i++) {
        const rows_tensor *t = rows_file_find(w->r->file, w->r->names[i], f);
        if (!t) return false;
        if (!takes(w, side_of(w, t)))
            return fault_set(f, FAULT_INPUT, "%s: takes no %s, but tensor %.100s holds them", w->r->codec->text,
                             side_of(w, t) == ROWS_K ? "keys" : "values", t->name);
        w->chosen[w->n_chosen++] = t;
    }
    return true;
}

static bool choose(work *w, fault *f)
{
    const size_t n = rows_file_count(w->r->file);
    w->chosen = calloc(n + w->r->n_names + 1, sizeof *w->chosen);
    if (!w->chosen) return fault_memory(f, "the tensors");
    if (w->r->n_names) return choose_named(w, f);
    bool known = false;
    for (size_t i = 0; i < n; i++)
        known = known || cached(rows_file_at(w->r->file, i));
    for (size_t i = 0; i < n; i++) {
        const rows_tensor *t = rows_file_at(w->r->file, i);
        if (known ? !cached(t) || (w->r->side != ROWS_UNKNOWN && t->side != w->r->side) : t->side == ROWS_Q) continue;
        if (takes(w, side_of(w, t)))
            w->chosen[w->n_chosen++] = t;
        else
            w->out->left_out++;
    }
    return w->n_chosen > 0 || fault_set(f, FAULT_INPUT, "%s: no tensor in it is for %s%s", rows_file_path(w->r->file),
                                        w->r->codec->text, w->r->side == ROWS_UNKNOWN ? "" : " and --stream");
}

/* ---- files ---- */

static bool open_sink(sink *s, const char *path, fault *f)
{
    if (!path) return true;
    *s = (sink){ fopen(path, "wb"), path };
    return s->to || fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
}

static bool put(sink *s, const void *bytes, size_t n, fault *f)
{
    return !s->to || n == 0 || fwrite(bytes, 1, n, s->to) == n ||
           fault_set(f, FAULT_INPUT, "%s: writing failed: %s", s->path, strerror(errno));
}

/* Half a file is none. */
static bool close_sink(sink *s, bool ok, fault *f)
{
    if (!s->to) return ok;
    if (fclose(s->to) && ok) ok = fault_set(f, FAULT_INPUT, "%s: writing failed: %s", s->path, strerror(errno));
    if (!ok) file_discard(s->path);
    return ok;
}

static bool keep_encoding(void *self, const uint8_t *bytes, size_t n, fault *f)
{
    work *w = self;
    return put(&w->encoded, bytes, n, f);
}

/* ---- calibration ---- */

/* What a layer's queries know of these rows; `rope`, `turned` and `queries` own what *from points to. */
static bool find_queries(const tensor_work *x, offline_source *from, offline_rope *rope, float *turned[2],
                         float **queries, fault *f)
{
    const rows_file *file = x->w->r->file;
    const rows_tensor *q = rows_file_side(file, x->t->layer, ROWS_Q), *k = rows_file_side(file, x->t->layer, ROWS_K);
    if (!q || !k || q->dim != k->dim || q->rows != x->t->rows || k->rows != x->t->rows || k->heads != x->t->heads ||
        q->heads % k->heads)
        return true;
    const rows_tensor *both[] = { k, q };
    bool ok = offline_rope_open(file, &(offline_rope_options){ 0 }, (int)k->dim, (int)x->sequence, rope, f);
    const bool turn = ok && rope->form_known && (rope->rotated || rope->angles_known);
    *queries = ok ? reallocarray(NULL, rows_tensor_values(q), sizeof(float)) : NULL;
    ok = ok && (*queries || fault_memory(f, "queries")) && rows_file_read(file, q, *queries, f);
    for (int i = 0; ok && turn && i < 2; i++) {
        turned[i] = reallocarray(NULL, rows_tensor_values(both[i]), sizeof(float));
        ok = (turned[i] || fault_memory(f, "queries")) && rows_file_read(file, both[i], turned[i], f);
        for (size_t h = 0; ok && !rope->rotated && h < both[i]->heads; h++)
            offline_rope_turn(&rope->to, turned[i] + h * both[i]->rows * k->dim, both[i]->rows, x->sequence, k->dim);
    }
    from->group = q->heads / k->heads;
    from->dim = k->dim;
    from->queries = *queries;
    from->k_turned = turned[0];
    from->q_turned = turned[1];
    from->rope = turn && !rope->rotated ? &rope->to : NULL;
    return ok;
}

/* Runs task for instances first … first+n-1, which may spread their work. Of several faults the first counts. */
static bool run_instances(tensor_work *x, pool_task task, size_t first, size_t n, fault *f)
{
    bool ok = true;
    x->first = first;
    x->faults = calloc(n, sizeof *x->faults);
    if (!x->faults) return fault_memory(f, "tasks");
    spare_run(x->w->env.threads, x->w->crew, n, task, x);
    for (size_t i = 0; ok && i < n; i++)
        if (x->faults[i].code != FAULT_NONE) {
            *f = x->faults[i];
            ok = false;
        }
    free(x->faults);
    return ok;
}

static void learn_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const tensor_work *x = arg;
    offline_codec_learn(x->codec, x->first + task, x->known, x->exact, &x->faults[task]);
}

static bool calibrate(tensor_work *x, fault *f)
{
    if (!offline_codec_calibrates(x->codec)) return true;
    offline_source from = { .heads = x->t->heads,
                            .group = 1,
                            .rows = x->cut,
                            .stride = x->t->rows,
                            .sequence = x->sequence,
                            .dim = x->t->dim };
    offline_known known = { 0 };
    offline_rope rope = { 0 };
    float *turned[2] = { NULL, NULL }, *queries = NULL;
    x->known = &known;
    bool ok = find_queries(x, &from, &rope, turned, &queries, f) && offline_learn(&known, &from, x->w->crew, f) &&
              run_instances(x, learn_task, 0, offline_codec_instances(x->codec), f);
    offline_forget(&known);
    offline_rope_release(&rope);
    free(turned[0]);
    free(turned[1]);
    free(queries);
    return ok;
}

/* ---- one tensor ---- */

static void compare(const tensor_work *x, size_t head, stream_result *s)
{
    const size_t dim = x->t->dim, first = (head * x->t->rows + x->cut) * dim, n = x->measured * dim;
    stream_error e = { 0 };
    stream_error_add(&e, x->exact + first, x->back + first, n);
    s->error += e.error;
    s->total += e.total;
    for (size_t i = first; i < first + n; i++)
        s->largest = fmax(s->largest, fabs((double)x->exact[i] - (double)x->back[i]));
}

static void codec_task(void *arg, size_t task, int thread)
{
    (void)thread;
    const tensor_work *x = arg;
    const size_t i = x->first + task, first = (i * x->t->rows + x->cut) * x->t->dim;
    offline_codec_run(x->codec, i, x->exact + first, x->back + first, &x->faults[task]);
}

/* All at once, or one after the other where encodings are written in that order. */
static bool run_codecs(tensor_work *x, fault *f)
{
    const size_t n = offline_codec_instances(x->codec), some = x->w->encoded.to ? 1 : n;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i += some)
        ok = run_instances(x, codec_task, i, some, f);
    return ok;
}

static void add_result(tensor_work *x, size_t i)
{
    const bool pooled = offline_codec_pooled(x->codec);
    const size_t heads = pooled ? x->t->heads : 1;
    roundtrip_streams_result *out = x->w->out;
    const offline_account a = offline_codec_account(x->codec, i);
    stream_result *s = &out->streams[out->n++];
    *s = (stream_result){ .tensor = x->t,
                          .side = x->side,
                          .head = pooled ? -1 : (int)i,
                          .rows = x->measured * heads,
                          .dim = x->t->dim,
                          .open_rows = (size_t)a.bytes.open_values / x->t->dim,
                          .sequences = (x->measured + x->sequence - 1) / x->sequence,
                          .bytes = a.bytes,
                          .side_bytes = a.side_bytes,
                          .encode = a.encode,
                          .decode = a.decode };
    for (size_t h = i; h < i + heads; h++)
        compare(x, h, s);
}

static bool choose_rows(tensor_work *x, fault *f)
{
    const roundtrip_streams_request *r = x->w->r;
    if (!capture_sequence(r->file, 0, x->t->rows, &x->sequence, f)) return false;
    if (r->calibrate_rows && !capture_halves(r->file, x->t->rows, x->sequence, &x->cut, f)) return false;
    x->measured = x->t->rows - x->cut;
    x->w->out->calibrated = x->cut;
    return true;
}

static bool open_codec(tensor_work *x, fault *f)
{
    const roundtrip_streams_request *r = x->w->r;
    const safetensors *source = rows_file_source(r->file);
    const char *rope = source ? safetensors_word(source, "rope") : NULL;
    int place = 0, n_layers = 1;
    if (cached(x->t) && x->t->layer >= 0) capture_layer_place(r->file, x->t->layer, &place, &n_layers);
    const offline_codec_request request = {
        .known = r->known,
        .codec = r->codec,
        .shape = { .stream = x->side,
                   .dim = (int32_t)x->t->dim,
                   .layer = place,
                   .n_layers = n_layers,
                   .n_heads = (int32_t)x->t->heads,
                   .rotated = x->side == ROWS_K && rope && strcmp(rope, "post") == 0 },
        .rows = x->measured,
        .stride = x->t->rows,
        .sequence = x->sequence < x->measured ? x->sequence : x->measured,
        .calibrate = r->calibrate_rows,
        .encoded = x->w->encoded.to ? keep_encoding : NULL,
        .self = x->w,
        .env = &x->w->env,
    };
    return (x->codec = offline_codec_open(&request, f)) != NULL;
}

static bool run_tensor(work *w, const rows_tensor *t, fault *f)
{
    tensor_work x = { .w = w, .t = t, .side = side_of(w, t) };
    const size_t values = rows_tensor_values(t);
    stream_result *grown = reallocarray(w->out->streams, w->out->n + t->heads, sizeof *grown);
    if (grown) w->out->streams = grown;
    x.exact = reallocarray(NULL, values, sizeof *x.exact);
    x.back = reallocarray(NULL, values, sizeof *x.back);
    bool ok = (grown && x.exact && x.back) || fault_memory(f, "rows");
    ok = ok && rows_file_read(w->r->file, t, x.exact, f) && choose_rows(&x, f) && open_codec(&x, f) &&
         calibrate(&x, f) && run_codecs(&x, f);
    for (size_t i = 0; ok && i < offline_codec_instances(x.codec); i++)
        add_result(&x, i);
    for (size_t h = 0; ok && h < t->heads; h++)
        ok = put(&w->decoded, x.back + (h * t->rows + x.cut) * t->dim, x.measured * t->dim * sizeof *x.back, f);
    if (!offline_codec_close(x.codec, ok ? f : NULL)) ok = false;
    free(x.exact);
    free(x.back);
    return ok;
}

bool roundtrip_streams(const roundtrip_streams_request *request, roundtrip_streams_result *out, fault *f)
{
    work w = { .r = request, .out = out };
    *out = (roundtrip_streams_result){ 0 };
    bool ok = choose(&w, f) && (w.crew = pool_create(request->threads, f)) && (w.env.threads = spare_open(f)) &&
              open_sink(&w.encoded, request->encoded, f) && open_sink(&w.decoded, request->decoded, f);
    for (size_t i = 0; ok && i < w.n_chosen; i++)
        ok = run_tensor(&w, w.chosen[i], f);
    ok = close_sink(&w.encoded, ok, f);
    ok = close_sink(&w.decoded, ok, f);
    spare_close(w.env.threads);
    pool_destroy(w.crew);
    free(w.chosen);
    return ok;
}

void roundtrip_streams_release(roundtrip_streams_result *r)
{
    free(r->streams);
    *r = (roundtrip_streams_result){ 0 };
}
