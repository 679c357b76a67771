/* attention_fixture.h - keys, values and queries of one head, each row in both versions. Include cmocka.h first.
 */
#ifndef KVANT_TESTS_KERNELS_ATTENTION_FIXTURE_H
#define KVANT_TESTS_KERNELS_ATTENTION_FIXTURE_H

#include <stdlib.h>

#include "kernels/attention.h"
#include "kernels/random.h"

enum { ROWS = 71, GROUP = 9, FIRST = 40, QUERIES = ROWS - FIRST };

typedef struct fixture {
    int dim;
    float *k[2], *v[2], *q; /* settled, open */
    float *panels[2];
    rope_table rope;
} fixture;

static inline float *noise(size_t n, uint64_t key)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)random_normal(key, i);
    return x;
}

static inline void open_fixture(fixture *t, int dim, bool rotate)
{
    const simd *s = simd_best();
    size_t d = (size_t)dim;
    *t = (fixture){ .dim = dim, .q = noise(QUERIES * GROUP * d, 9), .rope = { .n_rot = dim, .interleaved = true } };
    assert_true(rope_table_grow(&t->rope, ROWS, 10000.0f, NULL));
    float *scratch = malloc((size_t)s->width * d * sizeof *scratch);
    assert_non_null(scratch);
    for (int i = 0; i < 2; i++) {
        t->k[i] = noise(ROWS * d, 10 + (uint64_t)i);
        t->v[i] = noise(ROWS * d, 20 + (uint64_t)i);
        t->panels[i] = calloc(attention_panel_floats(s, ROWS, dim), sizeof(float));
        assert_non_null(t->panels[i]);
        attention_pack_keys(s, t->k[i], 0, 64, dim, rotate ? &t->rope : NULL, t->panels[i], scratch);
        attention_pack_keys(s, t->k[i], 64, ROWS - 64, dim, rotate ? &t->rope : NULL, t->panels[i] + 64 * d, scratch);
        for (int r = 0; rotate && r < ROWS; r++)
            rope_rotate(&t->rope, t->k[i] + (size_t)r * d, r);
    }
    free(scratch);
}

static inline void close_fixture(fixture *t)
{
    for (int i = 0; i < 2; i++) {
        free(t->k[i]);
        free(t->v[i]);
        free(t->panels[i]);
    }
    free(t->q);
    rope_table_release(&t->rope);
}

#endif
