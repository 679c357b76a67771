/* simd_body.h - the source of every SIMD level; included once by each simd_*.c, which names the table SIMD_TABLE.
 * SIMD_PACKED is the same level's table of packed.h.
 *
 * See simd.h for what the functions do and vec.h for the registers.
 */
#include "kernels/simd.h"
#include "kernels/vec.h"

#define PANEL VEC_PANEL
#define REGS  (PANEL / VEC_LANES)
#define INNER static inline __attribute__((always_inline))

/* Steps of k between visits to C, so that a panel's part stays in the first-level cache. */
enum { K_BLOCK = 256, LANES = 16, LINE = 16 /* f32 of a cache line */, AHEAD = 32 /* rows of B */ };

static void pack(const float *rows, size_t stride, int n, size_t k, float *panel)
{
    for (size_t kk = 0; kk < k; kk++, panel += PANEL) {
        for (int j = 0; j < n; j++)
            panel[j] = rows[(size_t)j * stride + kk];
        for (int j = n; j < PANEL; j++)
            panel[j] = 0;
    }
}

/* One tile: `rows` (a constant after inlining) rows of A against one panel, k steps, on top of what sums holds.
 * Meanwhile the rows at `next`, whole tiles only, come into the first-level cache. */
INNER void tile_steps(int rows, const float *a, const float *next, size_t lda, const float *b, size_t ldb, size_t k,
                      vec sums[VEC_TILE][REGS])
{
    vec acc[VEC_TILE][REGS];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < REGS; j++)
            acc[i][j] = sums[i][j];
    for (size_t kk = 0; kk < k; kk++, b += ldb) {
        if (rows == VEC_TILE && kk % LINE == 0)
            for (int i = 0; i < rows; i++)
                __builtin_prefetch(next + (size_t)i * lda + kk);
        if (rows < VEC_TILE) /* few rows: what takes time is that B comes from far away */
            for (int j = 0; j < PANEL; j += LINE)
                __builtin_prefetch((const void *)((uintptr_t)(b + j) + AHEAD * ldb * sizeof *b));
        vec bj[REGS];
        for (int j = 0; j < REGS; j++)
            bj[j] = vec_load(b + j * VEC_LANES);
        for (int i = 0; i < rows; i++) {
            vec ai = vec_all(a[(size_t)i * lda + kk]);
            for (int j = 0; j < REGS; j++)
                acc[i][j] = vec_fma(ai, bj[j], acc[i][j]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < REGS; j++)
            sums[i][j] = acc[i][j];
}

/* Loads the tile's part of C (or zeros), runs the steps, and stores it back. */
INNER void tile(int rows, const float *a, const float *next, size_t lda, const float *b, size_t ldb, size_t k, float *c,
                size_t ldc, bool add)
{
    vec sums[VEC_TILE][REGS];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < REGS; j++)
            sums[i][j] = add ? vec_load(c + (size_t)i * ldc + j * VEC_LANES) : vec_all(0.0f);
    tile_steps(rows, a, next, lda, b, ldb, k, sums);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < REGS; j++)
            vec_store(c + (size_t)i * ldc + j * VEC_LANES, sums[i][j]);
}

static void panel_whole(const float *a, size_t lda, size_t m, const float *b, size_t ldb, size_t k, float *c,
                        size_t ldc, bool add)
{
    size_t i = 0;
    for (; i + VEC_TILE <= m; i += VEC_TILE)
        tile(VEC_TILE, a + i * lda, a + (i + 2 * VEC_TILE <= m ? i + VEC_TILE : i) * lda, lda, b, ldb, k, c + i * ldc,
             ldc, add);
    for (; i + 2 <= m; i += 2)
        tile(2, a + i * lda, NULL, lda, b, ldb, k, c + i * ldc, ldc, add);
    if (i < m) tile(1, a + i * lda, NULL, lda, b, ldb, k, c + i * ldc, ldc, add);
}

/* The last columns of C, fewer than a panel: through a buffer that is as wide as one. */
static void panel_edge(const float *a, size_t lda, size_t m, const float *b, size_t ldb, size_t k, float *c, size_t ldc,
                       int n, bool add)
{
    float edge[VEC_TILE * PANEL] = { 0 };
    for (size_t i = 0; i < m; i += VEC_TILE) {
        size_t rows = m - i < VEC_TILE ? m - i : VEC_TILE;
        for (size_t r = 0; add && r < rows; r++)
            memcpy(edge + r * PANEL, c + (i + r) * ldc, (size_t)n * sizeof *c);
        panel_whole(a + i * lda, lda, rows, b, ldb, k, edge, PANEL, add);
        for (size_t r = 0; r < rows; r++)
            memcpy(c + (i + r) * ldc, edge + r * PANEL, (size_t)n * sizeof *c);
    }
}

static void panel(const float *a, size_t lda, size_t m, const float *b, size_t ldb, size_t k, float *c, size_t ldc,
                  int n, bool add)
{
    for (size_t kk = 0; kk < k || kk == 0; kk += K_BLOCK) {
        size_t steps = k - kk < K_BLOCK ? k - kk : K_BLOCK;
        if (n == PANEL)
            panel_whole(a + kk, lda, m, b + kk * ldb, ldb, steps, c, ldc, add || kk > 0);
        else
            panel_edge(a + kk, lda, m, b + kk * ldb, ldb, steps, c, ldc, n, add || kk > 0);
    }
}

/* 16 lanes whatever the register width: element i belongs to lane i mod 16. */
static float lanes_max(const float *x, size_t n)
{
    float lane[LANES];
    for (int j = 0; j < LANES; j++)
        lane[j] = x[0];
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j += VEC_LANES)
            vec_store(lane + j, vec_max(vec_load(x + i + j), vec_load(lane + j)));
    for (; i < n; i++)
        lane[0] = x[i] > lane[0] ? x[i] : lane[0];
    float max = lane[0];
    for (int j = 1; j < LANES; j++)
        max = lane[j] > max ? lane[j] : max;
    return max;
}

static float lanes_sum(const float lane[LANES])
{
    float sum = 0;
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

static void softmax(float *row, size_t n, size_t padded, float scale)
{
    if (n == 0) {
        memset(row, 0, padded * sizeof *row);
        return;
    }
    float max = lanes_max(row, n);
    float lane[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j += VEC_LANES) {
            vec e = vec_exp(vec_mul(vec_add(vec_load(row + i + j), vec_all(-max)), vec_all(scale)));
            vec_store(row + i + j, e);
            vec_store(lane + j, vec_add(vec_load(lane + j), e));
        }
    if (i < n) {
        float tail[LANES];
        for (int j = 0; j < LANES; j++)
            tail[j] = i + (size_t)j < n ? (row[i + (size_t)j] - max) * scale : 0;
        for (int j = 0; j < LANES; j += VEC_LANES)
            vec_store(tail + j, vec_exp(vec_load(tail + j)));
        for (int j = 0; i + (size_t)j < n; j++) {
            row[i + (size_t)j] = tail[j];
            lane[j] += tail[j];
        }
    }
    float inverse = 1.0f / lanes_sum(lane);
    for (size_t k = 0; k < n; k++)
        row[k] *= inverse;
    memset(row + n, 0, (padded - n) * sizeof *row);
}

/* x / (1 + e^-x) */
INNER vec silu(vec x)
{
    return vec_div(x, vec_add(vec_all(1.0f), vec_exp(vec_mul(x, vec_all(-1.0f)))));
}

/* x/2 (1 + tanh(u)) = x / (1 + e^-2u) with u = sqrt(2/pi) (x + 0.044715 x^3) */
INNER vec gelu(vec x)
{
    vec cubic = vec_fma(vec_mul(x, x), vec_all(0.044715f), vec_all(1.0f));
    vec twice = vec_mul(vec_mul(x, cubic), vec_all(-1.59576912160573071f));
    return vec_div(x, vec_add(vec_all(1.0f), vec_exp(twice)));
}

INNER void gated(vec (*act)(vec), float *gate, const float *up, size_t n)
{
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        vec_store(gate + i, vec_mul(act(vec_load(gate + i)), vec_load(up + i)));
    if (i == n) return;
    float x[VEC_LANES] = { 0 }, u[VEC_LANES] = { 0 };
    memcpy(x, gate + i, (n - i) * sizeof *x);
    memcpy(u, up + i, (n - i) * sizeof *u);
    vec_store(x, vec_mul(act(vec_load(x)), vec_load(u)));
    memcpy(gate + i, x, (n - i) * sizeof *x);
}

static void silu_mul(float *gate, const float *up, size_t n)
{
    gated(silu, gate, up, n);
}

static void gelu_mul(float *gate, const float *up, size_t n)
{
    gated(gelu, gate, up, n);
}

enum { CHAINS = 12 }; /* more than latency times units, fewer than registers */

static size_t busy(size_t steps, float *sink)
{
    vec acc[CHAINS];
    const vec by = vec_all(sink[0]), plus = vec_all(sink[1]);
    for (int i = 0; i < CHAINS; i++)
        acc[i] = vec_all((float)i);
    for (size_t s = 0; s < steps; s++)
        for (int i = 0; i < CHAINS; i++)
            acc[i] = vec_fma(acc[i], by, plus);
    vec sum = acc[0];
    for (int i = 1; i < CHAINS; i++)
        sum = vec_add(sum, acc[i]);
    float lane[VEC_LANES];
    vec_store(lane, sum);
    sink[0] = lane[0];
    return steps * CHAINS * VEC_LANES * 2;
}

extern const packed_kernel SIMD_PACKED[PACKED_N_FORMS];
extern const simd SIMD_TABLE;
const simd SIMD_TABLE = { SIMD_NAME, PANEL, pack, panel, softmax, silu_mul, gelu_mul, busy, SIMD_PACKED };
