#include "app/verify_ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify_rows.h"

void blob_free(blob *b)
{
    free(b->bytes);
    *b = (blob){ 0 };
}

bool blob_equal(const blob *a, const blob *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->bytes, b->bytes, a->n) == 0);
}

bool blob_set(blob *b, const uint8_t *bytes, size_t n)
{
    uint8_t *grown = realloc(b->bytes, n + 1);
    if (!grown) return false;
    if (n > 0) memcpy(grown, bytes, n);
    *b = (blob){ grown, n };
    return true;
}

bool ledger_breach(ledger *l, const char *format, ...)
{
    if (l->breach[0]) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(l->breach, sizeof l->breach, format, args);
    va_end(args);
    return false;
}

bool ledger_within(ledger *l, const char *format, ...)
{
    if (!l->breach[0]) return false;
    char what[64], why[sizeof l->breach];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    memcpy(why, l->breach, sizeof why);
    snprintf(l->breach, sizeof l->breach, "%s: %.*s", what, (int)(sizeof why - sizeof what - 2), why);
    return true;
}

void ledger_free(ledger *l)
{
    verify_samples_free(l->samples);
    l->samples = NULL;
}

const kvant_samples *ledger_samples(ledger *l, size_t unit, size_t dim, size_t heads, float scale)
{
    if (l->samples && l->unit == unit && l->dim == dim && l->heads == heads && l->scale == scale) return l->samples;
    ledger_free(l);
    l->unit = unit;
    l->dim = dim;
    l->heads = heads;
    l->scale = scale;
    return l->samples = verify_samples(unit, dim, heads, scale);
}

static const struct {
    int code;
    const char *name;
} codes[] = {
    { KVANT_OK, "KVANT_OK" },
    { KVANT_E_SHAPE, "KVANT_E_SHAPE" },
    { KVANT_E_PARAM, "KVANT_E_PARAM" },
    { KVANT_E_NONFINITE, "KVANT_E_NONFINITE" },
    { KVANT_E_RANGE, "KVANT_E_RANGE" },
    { KVANT_E_SPACE, "KVANT_E_SPACE" },
    { KVANT_E_CORRUPT, "KVANT_E_CORRUPT" },
    { KVANT_E_MEMORY, "KVANT_E_MEMORY" },
    { KVANT_E_CANCELLED, "KVANT_E_CANCELLED" },
    { KVANT_E_STATE, "KVANT_E_STATE" },
};

const char *trial_code(int64_t code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code) return codes[i].name;
    return NULL;
}
