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
 * Meanwhile the rows at `next`, as many, come into the first-level cache; with NULL there are none, and what takes time
 * is that B comes from far away. */
INNER void tile_steps(int rows, const float *a, const float *next, size_t lda, const float *b, size_t ldb, size_t k,
                      vec sums[VEC_TILE][REGS])
{
    vec acc[VEC_TILE][REGS];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < REGS; j++)
            acc[i][j] = sums[i][j];
    for (size_t kk = 0; kk < k; kk++, b += ldb) {
        if (next && kk % LINE == 0)
            for (int i = 0; i < rows; i++)
                __builtin_prefetch(next + (size_t)i * lda + kk);
        if (!next)
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
    for (; i + 2 * VEC_TILE <= m; i += VEC_TILE)
        tile(VEC_TILE, a + i * lda, a + (i + VEC_TILE) * lda, lda, b, ldb, k, c + i * ldc, ldc, add);
    if (i + VEC_TILE <= m) {
        tile(VEC_TILE, a + i * lda, NULL, lda, b, ldb, k, c + i * ldc, ldc, add);
        i += VEC_TILE;
    }
    if (VEC_TILE > 4 && i + 4 <= m) {
        tile(4, a + i * lda, NULL, lda, b, ldb, k, c + i * ldc, ldc, add);
        i += 4;
    }
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

/* ---- few rows, all columns at once ---- */

/* A B of which every byte is used once waits for its memory: it is fetched ahead as it stands there, and a stretch of
 * it that fits the first-level cache serves all rows of A and all columns. */
enum { FAR_AHEAD = 2048 /* bytes */, FAR_STRETCH = 8192 /* f32 */ };

/* `rows` and `regs` are constants after inlining; fetch: f32 of a row of B to be fetched ahead at each step, or 0. */
INNER void far_tile(int rows, int regs, const float *a, size_t lda, const float *b, size_t ldb, size_t k, float *c,
                    size_t ldc, size_t fetch)
{
    vec acc[2][VEC_WIDE];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < regs; j++)
            acc[i][j] = vec_load(c + (size_t)i * ldc + j * VEC_LANES);
    for (size_t kk = 0; kk < k; kk++, b += ldb) {
        for (size_t j = 0; j < fetch; j += LINE)
            __builtin_prefetch((const void *)((uintptr_t)(b + j) + FAR_AHEAD));
        vec ai[2];
        for (int i = 0; i < rows; i++)
            ai[i] = vec_all(a[(size_t)i * lda + kk]);
        for (int j = 0; j < regs; j++) {
            const vec bj = vec_load(b + j * VEC_LANES);
            for (int i = 0; i < rows; i++)
                acc[i][j] = vec_fma(ai[i], bj, acc[i][j]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < regs; j++)
            vec_store(c + (size_t)i * ldc + j * VEC_LANES, acc[i][j]);
}

/* One or two rows of A against a stretch of B, on top of what C holds. */
INNER void far_stretch(int rows, const float *a, size_t lda, const float *b, size_t k, size_t n, float *c, size_t ldc,
                       size_t fetch)
{
    size_t j = 0;
    for (; j + VEC_WIDE * VEC_LANES <= n; j += VEC_WIDE * VEC_LANES, fetch = 0)
        far_tile(rows, VEC_WIDE, a, lda, b + j, n, k, c + j, ldc, fetch);
    for (; j + VEC_LANES <= n; j += VEC_LANES, fetch = 0)
        far_tile(rows, 1, a, lda, b + j, n, k, c + j, ldc, fetch);
    for (; j < n; j++)
        for (int i = 0; i < rows; i++) {
            float sum = c[(size_t)i * ldc + j];
            for (size_t kk = 0; kk < k; kk++)
                sum = fmaf(a[(size_t)i * lda + kk], b[kk * n + j], sum);
            c[(size_t)i * ldc + j] = sum;
        }
}

static void far_rows(const float *a, size_t lda, size_t m, const float *b, size_t k, size_t n, float *c, size_t ldc)
{
    for (size_t i = 0; i < m; i++)
        memset(c + i * ldc, 0, n * sizeof *c);
    const size_t most = FAR_STRETCH / (n + 1) + 1;
    for (size_t kk = 0; kk < k; kk += most) {
        const size_t steps = k - kk < most ? k - kk : most;
        const float *from = b + kk * n;
        size_t i = 0, fetch = n;
        for (; i + 2 <= m; i += 2, fetch = 0)
            far_stretch(2, a + i * lda + kk, lda, from, steps, n, c + i * ldc, ldc, fetch);
        if (i < m) far_stretch(1, a + i * lda + kk, lda, from, steps, n, c + i * ldc, ldc, fetch);
    }
}

/* ---- softmax ---- */

/* 16 lanes whatever the register width: element i belongs to lane i mod 16. */
enum { LANE_REGS = LANES / VEC_LANES };

INNER void lanes_load(const float *x, vec lane[LANE_REGS])
{
    for (int j = 0; j < LANE_REGS; j++)
        lane[j] = vec_load(x + j * VEC_LANES);
}

INNER void lanes_store(float *x, const vec lane[LANE_REGS])
{
    for (int j = 0; j < LANE_REGS; j++)
        vec_store(x + j * VEC_LANES, lane[j]);
}

static float lanes_max(const float *x, size_t n)
{
    vec max[LANE_REGS], some[LANE_REGS];
    for (int j = 0; j < LANE_REGS; j++)
        max[j] = vec_all(x[0]);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes_load(x + i, some);
        for (int j = 0; j < LANE_REGS; j++)
            max[j] = vec_max(some[j], max[j]);
    }
    float lane[LANES];
    lanes_store(lane, max);
    for (; i < n; i++)
        lane[0] = x[i] > lane[0] ? x[i] : lane[0];
    float most = lane[0];
    for (int j = 1; j < LANES; j++)
        most = lane[j] > most ? lane[j] : most;
    return most;
}

/* row[i] becomes e^(scale (row[i] - max)); the sum of all of them. */
static float lanes_exp(float *row, size_t n, float max, float scale)
{
    vec sums[LANE_REGS], some[LANE_REGS];
    for (int j = 0; j < LANE_REGS; j++)
        sums[j] = vec_all(0.0f);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes_load(row + i, some);
        for (int j = 0; j < LANE_REGS; j++) {
            some[j] = vec_exp(vec_mul(vec_add(some[j], vec_all(-max)), vec_all(scale)));
            sums[j] = vec_add(sums[j], some[j]);
        }
        lanes_store(row + i, some);
    }
    float lane[LANES], tail[LANES] = { 0 };
    lanes_store(lane, sums);
    for (size_t j = 0; i + j < n; j++)
        tail[j] = (row[i + j] - max) * scale;
    lanes_load(tail, some);
    for (int j = 0; j < LANE_REGS; j++)
        some[j] = vec_exp(some[j]);
    lanes_store(tail, some);
    for (size_t j = 0; i + j < n; j++) {
        row[i + j] = tail[j];
        lane[j] += tail[j];
    }
    float sum = 0;
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    return sum;
}

static void softmax(float *row, size_t n, size_t padded, float scale)
{
    if (n > 0) {
        const vec inverse = vec_all(1.0f / lanes_exp(row, n, lanes_max(row, n), scale));
        size_t i = 0;
        for (; i + VEC_LANES <= n; i += VEC_LANES)
            vec_store(row + i, vec_mul(vec_load(row + i), inverse));
        float last[VEC_LANES] = { 0 };
        memcpy(last, row + i, (n - i) * sizeof *row);
        vec_store(last, vec_mul(vec_load(last), inverse));
        memcpy(row + i, last, (n - i) * sizeof *row);
    }
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
const simd SIMD_TABLE = {
    .name = SIMD_NAME,
    .width = PANEL,
    .pack = pack,
    .panel = panel,
    .far_rows = far_rows,
    .softmax = softmax,
    .silu_mul = silu_mul,
    .gelu_mul = gelu_mul,
    .busy = busy,
    .packed = SIMD_PACKED,
};
