#include "tests/codecs/promises.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

enum { BLOCKS = 3, GUARD = 64 };

#define hold(condition, p, ...)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            print_error("%s, stream %d, dimension %d: ", (p)->codec->name, (p)->stream, (p)->dim);                     \
            print_error(__VA_ARGS__);                                                                                  \
            print_error("\n");                                                                                         \
            fail();                                                                                                    \
        }                                                                                                              \
    } while (0)

static int create(test_instance *t, const promise *p)
{
    const kvant_shape shape = {
        .size = sizeof shape, .abi = KVANT_ABI, .stream = p->stream, .dim = p->dim, .n_layers = 1, .n_heads = 1
    };
    t->codec = p->codec;
    t->state = NULL;
    return p->codec->create(&t->host.host, &shape, p->values, &t->state);
}

void promise_open(test_instance *t, const promise *p)
{
    test_host_init(&t->host);
    const int rc = create(t, p);
    hold(rc == KVANT_OK && t->state, p, "create: %d %s", rc, t->host.message);
}

static size_t values_of(const promise *p)
{
    return BLOCKS * p->block * (size_t)p->dim;
}

static float *rows_of(const promise *p, test_kind kind)
{
    return test_rows(kind, BLOCKS * p->block, (size_t)p->dim, 11, p->huge);
}

static void rows_come_back(const promise *p, test_instance *t)
{
    const size_t n_rows = BLOCKS * p->block, n = values_of(p);
    float *back = malloc(n * sizeof *back);
    for (test_kind kind = 0; kind < TEST_KINDS; kind++) {
        size_t n_bytes;
        float *rows = rows_of(p, kind);
        uint8_t *bytes = test_encode(t, rows, n_rows, &n_bytes);
        hold(t->codec->decode(t->state, 0, bytes, n_bytes, back, n_rows) == KVANT_OK, p, "%s rows: %s",
             test_kind_name[kind], t->host.message);
        for (size_t i = 0; i < n; i++) {
            hold(isfinite(back[i]), p, "%s rows: value %zu is %g", test_kind_name[kind], i, (double)back[i]);
            hold(kind != TEST_ZERO || back[i] == 0.0f, p, "a zero came back as %g", (double)back[i]);
        }
        const double error = test_error(rows, back, n), energy = test_energy(rows, n);
        hold(error <= 4.0 * energy, p, "%s rows: an error of %g", test_kind_name[kind], error / energy);
        free(rows), free(bytes);
    }
    free(back);
}

static void pieces_are_the_whole(const promise *p, test_instance *t)
{
    const size_t n_rows = BLOCKS * p->block, dim = (size_t)p->dim;
    size_t n_bytes;
    float *rows = rows_of(p, TEST_GAUSSIAN), *whole = malloc(values_of(p) * sizeof *whole),
          *piece = malloc(values_of(p) * sizeof *piece);
    uint8_t *bytes = test_encode(t, rows, n_rows, &n_bytes), *dirty = malloc(n_bytes + GUARD);
    const size_t each = n_bytes / BLOCKS;
    test_instance fresh;
    promise_open(&fresh, p);
    memset(dirty, 0xff, n_bytes + GUARD);
    for (size_t b = 0; b < BLOCKS; b++)
        hold(t->codec->encode(t->state, b * p->block, rows + b * p->block * dim, p->block, dirty + b * each, each) ==
                 (int64_t)each,
             p, "block %zu alone: %s", b, t->host.message);
    hold(memcmp(bytes, dirty, n_bytes) == 0, p, "blocks one by one give other bytes");
    hold(dirty[n_bytes] == 0xff, p, "a byte past the end was written");
    assert_int_equal(t->codec->decode(t->state, 0, bytes, n_bytes, whole, n_rows), KVANT_OK);
    for (size_t b = BLOCKS; b-- > 0;)
        assert_int_equal(fresh.codec->decode(fresh.state, b * p->block, bytes + b * each, each,
                                             piece + b * p->block * dim, p->block),
                         KVANT_OK);
    hold(memcmp(whole, piece, values_of(p) * sizeof *whole) == 0, p, "a fresh instance decodes other rows");
    test_close(&fresh);
    free(rows), free(whole), free(piece), free(bytes), free(dirty);
}

/* From none to all but one. */
static size_t next_capacity(size_t capacity, size_t bound)
{
    const size_t next = capacity + 1 + bound / 13;
    return capacity < bound - 1 && next >= bound ? bound - 1 : next;
}

static void sizes_are_kept(const promise *p, test_instance *t)
{
    const size_t n_rows = BLOCKS * p->block, bound = t->codec->bound(t->state, 0, n_rows);
    float *rows = rows_of(p, TEST_GAUSSIAN);
    uint8_t *bytes = malloc(bound + GUARD);
    kvant_geometry geometry = { .size = sizeof geometry, .abi = KVANT_ABI, .block = 1 };
    if (t->codec->geometry) assert_int_equal(t->codec->geometry(t->state, &geometry), KVANT_OK);
    hold(geometry.block == p->block, p, "blocks of %u rows", geometry.block);
    for (size_t capacity = 0; capacity < bound; capacity = next_capacity(capacity, bound)) {
        memset(bytes, 0xa5, bound + GUARD);
        hold(t->codec->encode(t->state, 0, rows, n_rows, bytes, capacity) == KVANT_E_SPACE, p, "%zu of %zu bytes",
             capacity, bound);
        for (size_t i = capacity; i < bound + GUARD; i++)
            hold(bytes[i] == 0xa5, p, "capacity %zu: byte %zu was written", capacity, i);
    }
    assert_true(t->codec->encode(t->state, 0, rows, n_rows, bytes, bound) == (int64_t)bound);
    static const int off[] = { -1, 1, -8 };
    for (size_t i = 0; i < 3; i++)
        hold(t->codec->decode(t->state, 0, bytes, bound + (size_t)off[i], rows, n_rows) == KVANT_E_CORRUPT, p,
             "%d bytes more are taken", off[i]);
    hold(t->codec->decode(t->state, 0, bytes, 0, rows, n_rows) == KVANT_E_CORRUPT, p, "no bytes are taken");
    if (p->block > 1) {
        hold(t->codec->encode(t->state, 0, rows, n_rows - 1, bytes, bound) < 0, p, "a piece of a block is taken");
        hold(t->codec->decode(t->state, 0, bytes, bound, rows, n_rows - 1) < 0, p, "a piece of a block is decoded");
    }
    kvant_split split = { .size = sizeof split, .abi = KVANT_ABI };
    assert_int_equal(t->codec->split(t->state, 0, bytes, bound, n_rows, &split), KVANT_OK);
    hold(split.payload + split.metadata + split.exact == bound, p, "the split does not add up");
    free(rows), free(bytes);
}

static void bad_rows_are_refused(const promise *p, test_instance *t)
{
    const size_t n_rows = BLOCKS * p->block, dim = (size_t)p->dim, bound = t->codec->bound(t->state, 0, n_rows);
    static const struct {
        float value;
        int rc;
    } bad[] = { { NAN, KVANT_E_NONFINITE },
                { INFINITY, KVANT_E_NONFINITE },
                { -INFINITY, KVANT_E_NONFINITE },
                { 3e38f, KVANT_E_RANGE },
                { -3e38f, KVANT_E_RANGE } };
    uint8_t *bytes = malloc(bound);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float *rows = rows_of(p, TEST_GAUSSIAN);
        char row[32];
        rows[(n_rows - 1) * dim + dim / 2] = bad[i].value;
        t->host.message[0] = 0;
        hold(t->codec->encode(t->state, 7, rows, n_rows, bytes, bound) == bad[i].rc, p, "%g: %s", (double)bad[i].value,
             t->host.message);
        snprintf(row, sizeof row, "row %zu", n_rows - 1 + 7);
        hold(strstr(t->host.message, row), p, "a message without %s: %s", row, t->host.message);
        free(rows);
    }
    free(bytes);
}

static void flipped_bits_do_no_harm(const promise *p, test_instance *t)
{
    const size_t n_rows = BLOCKS * p->block, n = values_of(p);
    size_t n_bytes;
    float *rows = rows_of(p, TEST_GAUSSIAN), *back = malloc(n * sizeof *back);
    uint8_t *bytes = test_encode(t, rows, n_rows, &n_bytes);
    for (uint64_t i = 0; i < 300; i++) {
        const uint64_t r = random_bits(3, i), at = r % n_bytes;
        const uint8_t good = bytes[at];
        bytes[at] ^= (uint8_t)(1 << (r >> 32 & 7));
        const int rc = t->codec->decode(t->state, 0, bytes, n_bytes, back, n_rows);
        hold(rc == KVANT_OK || rc == KVANT_E_CORRUPT, p, "byte %d flipped: %d", (int)at, rc);
        for (size_t j = 0; rc == KVANT_OK && j < n; j++)
            hold(isfinite(back[j]), p, "byte %d flipped: value %zu is %g", (int)at, j, (double)back[j]);
        bytes[at] = good;
    }
    free(rows), free(back), free(bytes);
}

static void no_memory_is_an_error(const promise *p)
{
    for (long allowed = 0;; allowed++) {
        test_instance t;
        test_host_init(&t.host);
        t.host.allowed = allowed;
        const int rc = create(&t, p);
        if (rc == KVANT_OK) {
            hold(allowed > 0, p, "a state without memory");
            test_close(&t);
            return;
        }
        hold(rc == KVANT_E_MEMORY && t.host.message[0], p, "allocation %ld: %d %s", allowed, rc, t.host.message);
        hold(t.host.live == 0 && !t.state, p, "allocation %ld failed and left something", allowed);
    }
}

void promises_hold(const promise *p)
{
    test_instance t;
    promise_open(&t, p);
    rows_come_back(p, &t);
    pieces_are_the_whole(p, &t);
    sizes_are_kept(p, &t);
    bad_rows_are_refused(p, &t);
    flipped_bits_do_no_harm(p, &t);
    test_close(&t);
    no_memory_is_an_error(p);
}
