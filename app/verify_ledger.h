/* verify_ledger.h - what all instances of a verification have done, and the first rule that one of them broke.
 *
 *     ledger l = { 0 };
 *     if (n > room) ledger_breach(&l, "encode says it wrote %zu bytes into %zu", n, room);
 *     ...
 *     if (l.breach[0]) the check that was running has failed
 *     ledger_free(&l);
 */
#ifndef KVANT_APP_VERIFY_LEDGER_H
#define KVANT_APP_VERIFY_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvant/codec.h"

/* Bytes that a codec wrote. Start with {0}; blob_free. */
typedef struct blob {
    uint8_t *bytes;
    size_t n;
} blob;

void blob_free(blob *b);
bool blob_equal(const blob *a, const blob *b);

/* Replaces what b holds by a copy; false when out of memory. */
bool blob_set(blob *b, const uint8_t *bytes, size_t n);

/* The samples are the last ones made, for instances that want the same. */
typedef struct ledger {
    char breach[240]; /* the first broken rule; "" */
    size_t instances, leaks, bad_releases;
    kvant_samples *samples;
    size_t unit, dim, heads;
    float scale;
} ledger;

void ledger_free(ledger *l);

/* Samples for blocks of `unit` rows, pooled over `heads` (app/verify_rows.h); the ledger's. NULL when out of memory. */
const kvant_samples *ledger_samples(ledger *l, size_t unit, size_t dim, size_t heads, float scale);

/* Notes a broken rule unless one is noted already. Returns false. */
bool ledger_breach(ledger *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "format: " before the breach, when there is one. Returns whether there is. */
bool ledger_within(ledger *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The ABI's name of an answer: "KVANT_E_SPACE"; NULL for what it does not have. */
const char *trial_code(int64_t code);

#endif
