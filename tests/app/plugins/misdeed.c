/* Codecs that break one rule each: MODE_over_claim, MODE_forgets_row, MODE_decode_past, MODE_odd_code, MODE_greedy,
 * MODE_leaky. */
#include "tests/codecs/bad/bad.h"

#if defined MODE_over_claim
#define NAME   "over_claim"
#define ENCODE encode
static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    return bad_encode(state, first, rows, n_rows, out, capacity) + 1;
}
#elif defined MODE_odd_code
#define NAME   "odd_code"
#define ENCODE encode
static int64_t encode(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity)
{
    (void)state, (void)first, (void)rows, (void)n_rows, (void)out, (void)capacity;
    return -77;
}
#elif defined MODE_forgets_row
#define NAME   "forgets_row"
#define DECODE decode
static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    const size_t row_bytes = ((bad *)state)->row_bytes;
    return bad_decode(state, first, bytes, n_bytes - row_bytes, rows, n_rows - 1);
}
#elif defined MODE_decode_past
#define NAME   "decode_past"
#define DECODE decode
static int decode(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows)
{
    ((volatile uint8_t *)rows)[n_bytes] = 1;
    return bad_decode(state, first, bytes, n_bytes, rows, n_rows);
}
#elif defined MODE_greedy
#define NAME  "greedy"
#define BOUND bound
static size_t bound(const void *state, size_t first, size_t n_rows)
{
    (void)state, (void)first, (void)n_rows;
    return SIZE_MAX / 2;
}
#else
#define NAME   "leaky"
#define CREATE create
static int create(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state)
{
    if (!host->alloc(host, 100)) return host->fail(host, KVANT_E_MEMORY, "no memory");
    return bad_create(host, shape, values, state);
}
#endif

#ifndef CREATE
#define CREATE bad_create
#endif
#ifndef BOUND
#define BOUND bad_bound
#endif
#ifndef ENCODE
#define ENCODE bad_encode
#endif
#ifndef DECODE
#define DECODE bad_decode
#endif

BAD_CODEC(NAME, "breaks a rule", CREATE, BOUND, ENCODE, DECODE, NULL, KVANT_ABI);
