#include "app/roundtrip.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

struct roundtrip {
    const registry *known;
    const host_env *env;
    kvant_shape shape;
    instance *encoder, *decoder;
    uint8_t *side; /* what the decoder was given */
    size_t n_side;
    const uint8_t *bytes; /* the encoder's */
    size_t n_bytes;
    double encode_seconds, decode_seconds;
};

roundtrip *roundtrip_open(const registry *known, const spec *s, const kvant_shape *shape, const host_env *env, fault *f)
{
    roundtrip *t = calloc(1, sizeof *t);
    if (!t) {
        fault_memory(f, "a codec");
        return NULL;
    }
    *t = (roundtrip){ .known = known, .env = env, .shape = *shape };
    t->encoder = instance_open(known, s, shape, env, f);
    if (t->encoder) return t;
    free(t);
    return NULL;
}

bool roundtrip_close(roundtrip *t, fault *f)
{
    if (!t) return true;
    bool ok = instance_close(t->decoder, f);
    ok = instance_close(t->encoder, ok ? f : NULL) && ok;
    free(t->side);
    free(t);
    return ok;
}

const instance *roundtrip_encoder(const roundtrip *t)
{
    return t->encoder;
}

const uint8_t *roundtrip_encoding(const roundtrip *t, size_t *n_bytes)
{
    *n_bytes = t->n_bytes;
    return t->bytes;
}

void roundtrip_drop_buffers(roundtrip *t)
{
    instance_drop_buffers(t->encoder);
    if (t->decoder) instance_drop_buffers(t->decoder);
    t->bytes = NULL;
    t->n_bytes = 0;
}

void roundtrip_seconds(const roundtrip *t, double *encode, double *decode)
{
    *encode = t->encode_seconds;
    *decode = t->decode_seconds;
}

size_t roundtrip_side_bytes(const roundtrip *t)
{
    return t->n_side;
}

bool roundtrip_calibrate(roundtrip *t, const kvant_samples *samples, fault *f)
{
    return instance_calibrate(t->encoder, samples, f);
}

/* A decoder that has the encoder's side data as it is now. */
static bool ready_decoder(roundtrip *t, fault *f)
{
    uint8_t *side;
    size_t n;
    if (!instance_save(t->encoder, &side, &n, f)) return false;
    bool current = t->decoder && n == t->n_side && (n == 0 || memcmp(side, t->side, n) == 0);
    if (current) {
        free(side);
        return true;
    }
    free(t->side);
    t->side = side;
    t->n_side = n;
    bool ok = instance_close(t->decoder, f);
    t->decoder = NULL;
    if (!ok) return false;
    t->decoder = instance_open(t->known, instance_spec(t->encoder), &t->shape, t->env, f);
    return t->decoder && (n == 0 || instance_load(t->decoder, side, n, f));
}

/* What this thread has worked, and what others have for the instance. */
static double seconds_of(const instance *x)
{
    return clock_thread() + instance_helped(x);
}

bool roundtrip_rows(roundtrip *t, size_t first, const float *rows, size_t n_rows, float *back, roundtrip_bytes *bytes,
                    fault *f)
{
    kvant_split split;
    t->bytes = NULL;
    t->n_bytes = 0;
    double start = seconds_of(t->encoder);
    if (!instance_encode(t->encoder, first, rows, n_rows, &t->bytes, &t->n_bytes, f)) return false;
    t->encode_seconds += seconds_of(t->encoder) - start;
    if (!ready_decoder(t, f) || !instance_split(t->decoder, first, t->bytes, t->n_bytes, n_rows, &split, f))
        return false;
    start = seconds_of(t->decoder);
    if (!instance_decode(t->decoder, first, t->bytes, t->n_bytes, back, n_rows, f)) return false;
    t->decode_seconds += seconds_of(t->decoder) - start;
    bytes->total += t->n_bytes;
    bytes->payload += split.payload;
    bytes->metadata += split.metadata;
    bytes->exact += split.exact;
    return true;
}
