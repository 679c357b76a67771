#include "kernels/lattice.h"

#include <string.h>

#include "kernels/cpu.h"

__extension__ typedef unsigned __int128 wide;

static int bits_of(wide largest)
{
    int bits = 0;
    for (; largest > 0; largest >>= 1)
        bits++;
    return bits;
}

/* Points of the coset in the box: all (2Q+1)^n, or the half of them, rounded up, with an even sum; (2Q)^8/2 when moved.
 */
static wide count_of(const lattice *l, int moved)
{
    const wide all = (wide)l->half[moved] * l->half[moved];
    return l->kind == LATTICE_Z ? all : (all + 1) / 2;
}

bool lattice_init(lattice *l, lattice_kind kind, int q, bool dense)
{
    if (q < 1 || q > LATTICE_Q_MAX) return false;
    *l = (lattice){ .kind = kind, .n = kind == LATTICE_D4 ? 4 : 8, .q = q, .dense = dense, .half = { 1, 1 } };
    for (int i = 0; i < l->n / 2; i++) {
        l->half[0] *= 2 * (uint64_t)q + 1;
        l->half[1] *= 2 * (uint64_t)q;
    }
    wide count = count_of(l, 0);
    if (kind == LATTICE_E8) count = dense ? count + count_of(l, 1) : 2 * count;
    l->bits = bits_of(count - 1);
    l->lanes = lanes_at(cpu_level());
    return true;
}

/* ---- nearest points --------------------------------------------------------------------------------------------- */

static float to_integer(float v) /* to nearest, ties to even */
{
    const float shift = 12582912.0f; /* 1.5 · 2^23: no fraction is left beside it */
    return (v + shift) - shift;
}

static float clamp(float v, float low, float high)
{
    const float above = v > low ? v : low;
    return above < high ? above : high;
}

/* Where the sum is odd: one coordinate goes to its second nearest integer in the box, where that costs least; of equal
 * ones the first. Returns the cost. */
static float mend_parity(const float *v, int n, float low, float high, float *f)
{
    float least = 0.0f, moved = 0.0f;
    int at = -1;
    for (int i = 0; i < n; i++) {
        const float off = v[i] - f[i];
        float step = off >= 0.0f ? 1.0f : -1.0f;
        if (f[i] + step > high || f[i] + step < low) step = -step;
        const float cost = 1.0f - 2.0f * off * step;
        if (at < 0 || cost < least) {
            least = cost;
            moved = f[i] + step;
            at = i;
        }
    }
    f[at] = moved;
    return least;
}

/* The nearest integers f to v between low and high, their sum even if that is asked for. Returns the squared distance.
 */
static float nearest_integers(const float *v, int n, float low, float high, bool even, float *f)
{
    float distance = 0.0f;
    int sum = 0;
    for (int i = 0; i < n; i++) {
        f[i] = to_integer(clamp(v[i], low, high));
        distance += (v[i] - f[i]) * (v[i] - f[i]);
        sum += (int)f[i];
    }
    return even && sum % 2 != 0 ? distance + mend_parity(v, n, low, high, f) : distance;
}

float lattice_nearest(const lattice *l, const float *v, int16_t *twice)
{
    float f[LATTICE_N_MAX], moved[LATTICE_N_MAX], g[LATTICE_N_MAX];
    const float q = (float)l->q;
    const float distance = nearest_integers(v, l->n, -q, q, l->kind != LATTICE_Z, f);
    for (int i = 0; i < l->n; i++)
        twice[i] = (int16_t)(2 * (int)f[i]);
    if (l->kind != LATTICE_E8) return distance;

    for (int i = 0; i < LATTICE_N_MAX; i++)
        moved[i] = v[i] - 0.5f;
    const float other = nearest_integers(moved, LATTICE_N_MAX, -q, q - 1.0f, true, g);
    if (distance <= other) return distance;
    for (int i = 0; i < LATTICE_N_MAX; i++)
        twice[i] = (int16_t)(2 * (int)g[i] + 1);
    return other;
}

static void one_step(const lattice *l, const float *unit, size_t dim, float per_step, double *along, double *square)
{
    const size_t n = (size_t)l->n;
    *along = *square = 0.0;
    for (size_t at = 0; at < dim; at += n) {
        float v[LATTICE_N_MAX];
        int16_t twice[LATTICE_N_MAX];
        for (size_t i = 0; i < n; i++)
            v[i] = unit[at + i] * per_step;
        lattice_nearest(l, v, twice);
        for (size_t i = 0; i < n; i++) {
            const double w = 0.5 * twice[i];
            *along += w * (double)unit[at + i];
            *square += w * w;
        }
    }
}

void lattice_steps(const lattice *l, const float *unit, size_t dim, const float *per_step, size_t n_steps,
                   double *along, double *square)
{
    const size_t at_once = l->lanes ? (size_t)l->lanes->n : n_steps + 1;
    size_t i = 0;
    for (; i + at_once <= n_steps; i += at_once)
        l->lanes->lattice_steps(l, unit, dim, per_step + i, along + i, square + i);
    for (; i < n_steps; i++)
        one_step(l, unit, dim, per_step[i], along + i, square + i);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static wide number_of(const lattice *l, const int16_t *twice)
{
    const int moved = twice[0] & 1;
    const uint64_t base = 2 * (uint64_t)l->q + 1 - (uint64_t)moved;
    uint64_t half[2] = { 0 };
    for (int i = 0; i < l->n; i++) {
        uint64_t *h = &half[i >= l->n / 2];
        *h = *h * base + (uint64_t)((twice[i] - moved) / 2 + l->q);
    }
    wide number = (wide)half[0] * l->half[moved] + half[1];
    if (l->kind == LATTICE_Z) return number;
    number /= 2;
    if (l->kind == LATTICE_D4) return number;
    return l->dense ? number + (wide)moved * count_of(l, 0) : 2 * number + (wide)moved;
}

/* The digits of number, their sum made even where it must be. */
static void point_of(const lattice *l, wide number, int moved, int16_t *twice)
{
    const uint64_t base = 2 * (uint64_t)l->q + 1 - (uint64_t)moved;
    uint64_t half[2] = { (uint64_t)(number / l->half[moved]), (uint64_t)(number % l->half[moved]) };
    int sum = 0;
    for (int i = l->n - 1; i >= 0; i--) {
        uint64_t *h = &half[i >= l->n / 2];
        const int digit = (int)(*h % base);
        *h /= base;
        sum += digit;
        twice[i] = (int16_t)(2 * (digit - l->q) + moved);
    }
    if (l->kind != LATTICE_Z && sum % 2 != 0) twice[l->n - 1] = (int16_t)(twice[l->n - 1] + 2);
}

static bool take_number(const lattice *l, wide number, int16_t *twice)
{
    int moved = 0;
    if (l->kind == LATTICE_E8 && l->dense) {
        moved = number >= count_of(l, 0);
        number -= moved ? count_of(l, 0) : 0;
    } else if (l->kind == LATTICE_E8) {
        moved = (int)(number & 1);
        number /= 2;
    }
    if (number >= count_of(l, moved)) return false;
    point_of(l, l->kind == LATTICE_Z ? number : 2 * number, moved, twice);
    return true;
}

size_t lattice_bytes(const lattice *l, size_t n_blocks)
{
    return n_blocks / 8 * (size_t)l->bits + (n_blocks % 8 * (size_t)l->bits + 7) / 8;
}

void lattice_put(const lattice *l, const int16_t *twice, size_t n_blocks, uint8_t *bytes)
{
    wide pending = 0;
    int held = 0;
    for (size_t b = 0; b < n_blocks; b++) {
        pending |= number_of(l, twice + b * (size_t)l->n) << held;
        for (held += l->bits; held >= 8; held -= 8, pending >>= 8)
            *bytes++ = (uint8_t)pending;
    }
    if (held > 0) *bytes = (uint8_t)pending;
}

bool lattice_get(const lattice *l, const uint8_t *bytes, size_t n_blocks, int16_t *twice)
{
    wide pending = 0;
    int held = 0;
    for (size_t b = 0; b < n_blocks; b++) {
        for (; held < l->bits; held += 8)
            pending |= (wide)*bytes++ << held;
        const wide number = pending & (((wide)1 << l->bits) - 1);
        pending >>= l->bits;
        held -= l->bits;
        if (!take_number(l, number, twice + b * (size_t)l->n)) return false;
    }
    return pending == 0;
}
