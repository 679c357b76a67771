#include "app/paper/measure.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/roundtrip.h"
#include "app/stream_error.h"

static bool keep_encoding(const roundtrip *t, measure_keep *keep, fault *f)
{
    if (!keep || !keep->encoding) return true;
    const uint8_t *bytes = roundtrip_encoding(t, &keep->n_bytes);
    if (keep->n_bytes > keep->capacity)
        return fault_set(f, FAULT_INTERNAL, "%zu bytes, but the table has room for %zu", keep->n_bytes, keep->capacity);
    memcpy(keep->encoding, bytes, keep->n_bytes);
    return true;
}

static bool put_through(roundtrip *t, const source *rows, float *back, measure_keep *keep, measure *m, fault *f)
{
    const instance *encoder = roundtrip_encoder(t);
    const size_t block = instance_block(encoder), whole = rows->n / block * block;
    roundtrip_bytes bytes = { 0 };
    stream_error error = { 0 };
    if (instance_calibrates(encoder))
        return fault_set(f, FAULT_INPUT, "it calibrates, and there is nothing to do it on");
    if (whole == 0) return fault_set(f, FAULT_INPUT, "%zu rows are less than a block of %zu", rows->n, block);
    if (!roundtrip_rows(t, 0, rows->rows, whole, back, &bytes, f) || !keep_encoding(t, keep, f)) return false;
    const size_t n = whole * (size_t)rows->dim;
    stream_error_add(&error, rows->rows, back, n);
    m->error = stream_error_rows(&error);
    m->bytes = (double)bytes.total;
    m->bits = 8 * m->bytes / (double)n;
    return true;
}

static bool run(const registry *codecs, const spec *s, const source *rows, measure_keep *keep, measure *m, fault *f)
{
    kvant_shape shape = { .dim = rows->dim, .n_layers = 1, .n_heads = 1 };
    if (s->codec->flags & KVANT_V_ONLY) shape.stream = KVANT_V;
    float *own = keep && keep->decoded ? NULL : malloc(rows->n * (size_t)rows->dim * sizeof(float));
    float *back = own ? own : keep && keep->decoded ? keep->decoded : NULL;
    roundtrip *t = back && rows->rows ? roundtrip_open(codecs, s, &shape, NULL, f) : NULL;
    bool ok = back && rows->rows ? t && put_through(t, rows, back, keep, m, f) : fault_memory(f, "rows");
    if (!roundtrip_close(t, ok ? f : NULL)) ok = false;
    free(own);
    return ok;
}

measure measure_codec(const registry *codecs, const source *rows, measure_keep *keep, const char *format, ...)
{
    measure m = { .error = NAN, .bits = NAN, .bytes = NAN };
    fault f = { 0 };
    va_list args;
    va_start(args, format);
    vsnprintf(m.codec, sizeof m.codec, format, args);
    va_end(args);
    spec *s = spec_parse(registry_catalog(codecs), m.codec, &f);
    const bool ok = s && run(codecs, s, rows, keep, &m, &f);
    if (!ok) {
        m.error = m.bits = m.bytes = NAN;
        snprintf(m.why, sizeof m.why, "%.*s", (int)sizeof m.why - 1, f.text);
    }
    spec_free(s);
    return m;
}

measure measure_named(const char *what)
{
    measure m = { 0 };
    snprintf(m.codec, sizeof m.codec, "%s", what);
    return m;
}
