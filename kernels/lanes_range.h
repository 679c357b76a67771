/* lanes_range.h - uniform grids, as kernels/range_q.c has them, one in each lane; part of lanes_body.h. */

/* (x - origin)/step to nearest, ties to even, held within 0 … most; held first, which changes nothing, since both ends
 * are whole, and keeps the sum below exact. */
INNER vu range_code(vf x, vf origin, vf step, float most)
{
    const vf steps = smaller(larger((x - origin) / step, all(0.0f)), all(most));
    return (vu)(steps + 8388608.0f) & 0xffu;
}

/* Two f16 of each lane, at grids + r·stride and behind it; false when one of them does not fit. */
INNER bool put_grids(vf scale, vf zero, uint8_t *grids, size_t stride, vf *step, vf *origin)
{
    uint16_t scales[N], zeros[N];
    int special = 0;
    store_halves(scales, scale);
    store_halves(zeros, zero);
    for (size_t r = 0; r < N; r++) {
        special |= half_is_special(scales[r]) | half_is_special(zeros[r]);
        half_store(grids + r * stride, scales[r]);
        half_store(grids + r * stride + 2, zeros[r]);
    }
    vh h;
    memcpy(&h, scales, sizeof h);
    *step = widened(h);
    memcpy(&h, zeros, sizeof h);
    *origin = widened(h);
    return !special;
}

static bool range_codes(const float *x, size_t stride, size_t n, int bits, uint8_t *grids, size_t grid_stride,
                        uint32_t *codes)
{
    const float most = (float)((1 << bits) - 1);
    vf low = load_f(x), high = low, step, origin;
    for (size_t i = 1; i < n; i++) {
        const vf v = load_f(x + i * stride);
        low = smaller(v, low);
        high = larger(v, high);
    }
    if (!put_grids((high - low) / most, low, grids, grid_stride, &step, &origin)) return false;
    const vu flat = (vu)(step == 0.0f);
    for (size_t i = 0; i < n; i++)
        store_u(codes + i * N, range_code(load_f(x + i * stride), origin, step, most) & ~flat);
    return true;
}

static bool range_values(const uint8_t *grids, size_t grid_stride, size_t n, const uint32_t *codes, float *x,
                         size_t stride)
{
    float step[N], origin[N];
    if (!scales(grids, grid_stride, step)) return false;
    vh zeros;
    for (size_t r = 0; r < N; r++)
        zeros[r] = half_load(grids + r * grid_stride + 2);
    if (any_set(((__builtin_convertvector(zeros, vu) & 0x7c00u) + 0x400u) & 0x8000u)) return false;
    store_f(origin, widened(zeros));
    for (size_t i = 0; i < n; i++)
        store_f(x + i * stride, load_f(step) * __builtin_convertvector((vi)load_u(codes + i * N), vf) + load_f(origin));
    return true;
}
