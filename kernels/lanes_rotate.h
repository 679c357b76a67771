/* lanes_rotate.h - the transform of kernels/wht.c on a tile; part of lanes_body.h. */

/* What a value is multiplied with on its way: first[i] and the lane's `by` before, last[i] after; NULL: nothing. */
typedef struct factors {
    const float *first, *by, *last;
} factors;

#define STAGE(s)                                                                                                       \
    if ((s) < radix) {                                                                                                 \
        _Pragma("GCC unroll 16") for (int k = 0; k < radix; k++)                                                       \
        {                                                                                                              \
            if (k & (s)) continue;                                                                                     \
            const vf a = v[k], b = v[k + (s)];                                                                         \
            v[k] = a + b;                                                                                              \
            v[k + (s)] = a - b;                                                                                        \
        }                                                                                                              \
    }

/* The log2(radix) stages from `stride` on, for `size` values, on what a register file holds at a time. The loops over k
 * must be unrolled, or v is memory. */
INNER void stages(int radix, float *tile, int size, int stride, factors x)
{
    for (int base = 0; base < size; base += radix * stride)
        for (int j = base; j < base + stride; j++) {
            vf v[RADIX];
            float *at = tile + (size_t)j * N;
            const size_t step = (size_t)stride * N;
#pragma GCC unroll 16
            for (int k = 0; k < radix; k++)
                v[k] = load_f(at + (size_t)k * step);
            if (x.by) {
                const vf by = load_f(x.by);
#pragma GCC unroll 16
                for (int k = 0; k < radix; k++)
                    v[k] *= by;
            }
            if (x.first)
#pragma GCC unroll 16
                for (int k = 0; k < radix; k++)
                    v[k] *= x.first[j + k * stride];
            STAGE(1)
            STAGE(2)
            STAGE(4)
            STAGE(8)
            if (x.last)
#pragma GCC unroll 16
                for (int k = 0; k < radix; k++)
                    v[k] *= x.last[j + k * stride];
#pragma GCC unroll 16
            for (int k = 0; k < radix; k++)
                store_f(at + (size_t)k * step, v[k]);
        }
}

/* A pass with its radix and stride as constants, so that addresses are, too. */
#define PASS(radix, stride)                                                                                            \
    if (r == (radix)) stages(radix, tile, size, stride, x)

#define PASSES(stride)                                                                                                 \
    static void passes_##stride(int r, float *tile, int size, factors x)                                               \
    {                                                                                                                  \
        PASS(RADIX, STRIDE_##stride);                                                                                  \
        else PASS(8, STRIDE_##stride);                                                                                 \
        else PASS(4, STRIDE_##stride);                                                                                 \
        else PASS(2, STRIDE_##stride);                                                                                 \
    }
enum { STRIDE_first = 1, STRIDE_second = RADIX, STRIDE_third = RADIX * RADIX };
PASSES(first)
PASSES(second)
PASSES(third)

/* Three passes are enough for WHT_MAX. */
static void butterflies(float *tile, int size, factors x)
{
    static void (*const passes[])(int, float *, int, factors) = { passes_first, passes_second, passes_third };
    factors here = { x.first, x.by, NULL };
    for (int i = 0, left = size; left > 1; i++) {
        const int radix = left < RADIX ? left : RADIX;
        left /= radix;
        if (left == 1) here.last = x.last;
        passes[i](radix, tile, size, here);
        here = (factors){ 0 };
    }
}

static void hartley(const wht *w, float *tile, int size, const float *last)
{
    float pieces[WHT_MAX * N];
    const size_t n = (size_t)size * N;
    memcpy(pieces, tile, (size_t)w->n * N * sizeof *tile);
    for (int i = 0; i < w->odd; i++)
        for (int t = 0; t < size; t++) {
            const float *at = pieces + t * N;
            vf sum = load_f(at);
            for (int j = 1; j < w->odd; j++)
                sum += w->hartley[i * j % w->odd] * load_f(at + (size_t)j * n);
            store_f(tile + (i * size + t) * N, sum * last[i * size + t]);
        }
}

static void rotate(const wht *w, const float *first, const float *last, const float *by, float *tile)
{
    const int size = w->n / w->odd;
    float scaled[WHT_MAX];
    for (int i = 0; i < w->n; i++)
        scaled[i] = w->scale * last[i];
    for (int i = 0; i < w->n; i += size)
        butterflies(tile + i * N, size, (factors){ first + i, by, w->odd > 1 ? NULL : scaled });
    if (w->odd > 1) hartley(w, tile, size, scaled);
}
