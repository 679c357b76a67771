#include "app/offline_codec.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/attention.h"
#include "kernels/cpu.h"
#include "kernels/finite.h"
#include "kernels/lanes.h"

struct offline_codec {
    offline_codec_request r;
    roundtrip **codecs;
    offline_account *accounts;
    size_t n, heads; /* instances; heads of each */
    const lanes *lanes;
};

/* ---- life ---- */

static bool open_codec(offline_codec *c, size_t i, fault *f)
{
    kvant_shape shape = c->r.shape;
    shape.head = (int32_t)i;
    shape.max_rows = c->r.sequence;
    c->codecs[i] = roundtrip_open(c->r.known, c->r.codec, &shape, c->r.env, f);
    return c->codecs[i] != NULL;
}

offline_codec *offline_codec_open(const offline_codec_request *request, fault *f)
{
    const size_t heads = (size_t)request->shape.n_heads;
    offline_codec *c = calloc(1, sizeof *c);
    if (c) {
        *c = (offline_codec){ .r = *request, .n = heads, .heads = 1, .lanes = lanes_at(cpu_level()) };
        if (!c->r.stride) c->r.stride = c->r.rows;
        c->codecs = calloc(heads, sizeof *c->codecs);
        c->accounts = calloc(heads, sizeof *c->accounts);
    }
    bool ok = (c && c->codecs && c->accounts) || fault_memory(f, "the codecs");
    ok = ok && open_codec(c, 0, f);
    if (ok && instance_pooled(roundtrip_encoder(c->codecs[0]))) {
        c->n = 1;
        c->heads = heads;
    }
    for (size_t i = 1; ok && i < c->n; i++)
        ok = open_codec(c, i, f);
    if (ok && offline_codec_calibrates(c) && !request->calibrate)
        ok = fault_set(f, FAULT_INPUT,
                       "%s: needs calibration; with --calibrate-rows the first half of the rows calibrates and the "
                       "second is measured",
                       request->codec->text);
    if (ok) return c;
    offline_codec_close(c, NULL);
    return NULL;
}

bool offline_codec_close(offline_codec *c, fault *f)
{
    if (!c) return true;
    bool ok = true;
    for (size_t i = 0; c->codecs && i < c->n; i++)
        if (!roundtrip_close(c->codecs[i], ok ? f : NULL)) ok = false;
    free(c->codecs);
    free(c->accounts);
    free(c);
    return ok;
}

bool offline_codec_pooled(const offline_codec *c)
{
    return instance_pooled(roundtrip_encoder(c->codecs[0]));
}

bool offline_codec_calibrates(const offline_codec *c)
{
    return instance_calibrates(roundtrip_encoder(c->codecs[0]));
}

size_t offline_codec_instances(const offline_codec *c)
{
    return c->n;
}

bool offline_codec_learn(offline_codec *c, size_t i, const offline_known *known, const float *rows, fault *f)
{
    kvant_samples samples;
    void *memory;
    const int head = offline_codec_pooled(c) ? -1 : (int)i;
    const bool ok = offline_samples(known, rows, (size_t)c->r.shape.dim, head, &samples, &memory, f) &&
                    roundtrip_calibrate(c->codecs[i], &samples, f);
    free(memory);
    return ok;
}

offline_account offline_codec_account(const offline_codec *c, size_t i)
{
    offline_account a = c->accounts[i];
    a.side_bytes = roundtrip_side_bytes(c->codecs[i]);
    roundtrip_seconds(c->codecs[i], &a.encode, &a.decode);
    return a;
}

void offline_add_bytes(byte_counts *to, const byte_counts *b)
{
    to->values += b->values;
    to->total += b->total;
    to->payload += b->payload;
    to->metadata += b->metadata;
    to->exact += b->exact;
    to->open += b->open;
    to->open_values += b->open_values;
}

/* ---- work ---- */

/* Row r of the interleaved heads is head r % heads at position r / heads. */
static void interleave(const offline_codec *c, const float *apart, size_t first, size_t n, float *mixed)
{
    const size_t dim = (size_t)c->r.shape.dim;
    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < c->heads; h++)
            memcpy(mixed + (i * c->heads + h) * dim, apart + (h * c->r.stride + first + i) * dim, dim * sizeof *mixed);
}

static void separate(const offline_codec *c, const float *mixed, size_t first, size_t n, float *apart)
{
    const size_t dim = (size_t)c->r.shape.dim;
    for (size_t i = 0; i < n; i++)
        for (size_t h = 0; h < c->heads; h++)
            memcpy(apart + (h * c->r.stride + first + i) * dim, mixed + (i * c->heads + h) * dim, dim * sizeof *apart);
}

/* n values as f16 keeps them; where: the first one's place in the stream, for the message. */
static bool round_values(const offline_codec *c, const float *from, size_t n, size_t where, float *to, fault *f)
{
    const size_t dim = (size_t)c->r.shape.dim;
    lanes_round_halves(c->lanes, from, n, to);
    const size_t i = finite_scan(to, n);
    return i == n ||
           fault_set(f, FAULT_INPUT, "%.150s: row %zu, column %zu is %g, which does not fit into the f16 of open rows",
                     c->r.codec->text, (where + i) / dim, (where + i) % dim, (double)from[i]);
}

/* One sequence of n rows (of all heads of the instance); back may not be rows. first: of the stream, for messages. */
static bool run_sequence(offline_codec *c, size_t i, const float *rows, size_t n, size_t first, float *back, fault *f)
{
    const instance *encoder = roundtrip_encoder(c->codecs[i]);
    const size_t dim = (size_t)c->r.shape.dim, block = instance_block(encoder), window = instance_window(encoder);
    const size_t settled = attention_settled(n - 1, (uint32_t)block, (uint32_t)window),
                 open_values = (n - settled) * dim;
    byte_counts *bytes = &c->accounts[i].bytes;
    const bool halves = c->r.from_half && (block > 1 || window > 0);
    const float *source = rows;
    if (halves) {
        if (!round_values(c, rows, n * dim, first * dim, back, f)) return false;
        source = back;
    } else if (!round_values(c, rows + settled * dim, open_values, (first + settled) * dim, back + settled * dim, f)) {
        return false;
    }
    roundtrip_bytes cost = { 0 };
    size_t n_bytes;
    if (settled > 0 && !roundtrip_rows(c->codecs[i], 0, source, settled, back, &cost, f)) return false;
    if (settled > 0 && c->r.encoded) {
        const uint8_t *encoding = roundtrip_encoding(c->codecs[i], &n_bytes);
        if (!c->r.encoded(c->r.self, encoding, n_bytes, f)) return false;
    }
    offline_add_bytes(bytes, &(byte_counts){ .values = n * dim,
                                             .total = cost.total + 2 * open_values,
                                             .payload = cost.payload,
                                             .metadata = cost.metadata,
                                             .exact = cost.exact + 2 * open_values,
                                             .open = 2 * open_values,
                                             .open_values = open_values });
    return true;
}

bool offline_codec_run(offline_codec *c, size_t i, const float *rows, float *back, fault *f)
{
    const size_t dim = (size_t)c->r.shape.dim, most = c->r.sequence < c->r.rows ? c->r.sequence : c->r.rows;
    float *mixed = c->heads > 1 ? reallocarray(NULL, 2 * most, c->heads * dim * sizeof *mixed) : NULL;
    if (c->heads > 1 && !mixed) return fault_memory(f, "interleaved rows");
    bool ok = true;
    for (size_t first = 0; ok && first < c->r.rows; first += most) {
        const size_t n = c->r.rows - first < most ? c->r.rows - first : most;
        if (!mixed) {
            ok = run_sequence(c, i, rows + first * dim, n, first, back + first * dim, f);
            continue;
        }
        float *mixed_back = mixed + most * c->heads * dim;
        interleave(c, rows, first, n, mixed);
        ok = run_sequence(c, i, mixed, n * c->heads, first * c->heads, mixed_back, f);
        if (ok) separate(c, mixed_back, first, n, back);
    }
    free(mixed);
    return ok;
}
