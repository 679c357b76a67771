#include "app/query_moment.h"

#include <string.h>

/* Coordinates that are turned together, and by what; those past n_rot are not turned. */
typedef struct plane {
    size_t first, second;
} plane;

static plane plane_at(const rope_table *rope, size_t p)
{
    const size_t half = (size_t)rope->n_rot / 2;
    if (rope->interleaved || p >= half) return (plane){ 2 * p, 2 * p + 1 };
    return (plane){ p, p + half };
}

typedef struct angle {
    double cos, sin;
} angle;

/* Both the query's and the key's rotation may lengthen what they turn; position 0 only lengthens. */
static angle angle_at(const rope_table *rope, size_t p, size_t distance)
{
    const size_t half = (size_t)rope->n_rot / 2;
    if (p >= half) return (angle){ 1.0, 0.0 };
    const float *turn = rope->cos_sin + (distance * half + p) * 2, *still = rope->cos_sin + p * 2;
    const double longer = rope->magnitude != 0 && rope->magnitude != 1 ? (double)still[0] : 1.0;
    return (angle){ longer * (double)turn[0], longer * (double)turn[1] };
}

void query_turns(const rope_table *rope, size_t dim, size_t positions, size_t window, size_t p, query_turn *turns)
{
    const size_t distances = window > 0 && window < positions ? window : positions, planes = query_planes(dim);
    const double all = (double)distances * (2 * (double)positions - (double)distances + 1) / 2;
    memset(turns, 0, planes * sizeof *turns);
    for (size_t distance = 0; distance < distances; distance++) {
        const double weight = (double)(positions - distance) / all;
        const angle a = angle_at(rope, p, distance);
        const double c = weight * a.cos, s = weight * a.sin;
        for (size_t q = 0; q < planes; q++) {
            const angle b = angle_at(rope, q, distance);
            turns[q].cos_cos += c * b.cos;
            turns[q].cos_sin += c * b.sin;
            turns[q].sin_cos += s * b.cos;
            turns[q].sin_sin += s * b.sin;
        }
    }
}

static double lower(const double *m, size_t dim, size_t i, size_t j)
{
    if (i >= dim || j >= dim) return 0.0;
    return i > j ? m[i * dim + j] : m[j * dim + i];
}

static void put(double *m, size_t dim, size_t i, size_t j, double value)
{
    if (i < dim && j < dim) m[i * dim + j] = value;
}

void query_moment_met(const rope_table *rope, const query_turn *turns, const double *plain, size_t dim, double *met)
{
    const size_t planes = query_planes(dim);
    for (size_t p = 0; p < planes; p++)
        for (size_t q = 0; q < planes; q++) {
            const plane i = plane_at(rope, p), j = plane_at(rope, q);
            const query_turn t = turns[p * planes + q];
            const double a = lower(plain, dim, i.first, j.first), b = lower(plain, dim, i.first, j.second);
            const double c = lower(plain, dim, i.second, j.first), d = lower(plain, dim, i.second, j.second);
            put(met, dim, i.first, j.first, (t.cos_cos * a - t.cos_sin * b) - (t.sin_cos * c - t.sin_sin * d));
            put(met, dim, i.first, j.second, (t.cos_sin * a + t.cos_cos * b) - (t.sin_sin * c + t.sin_cos * d));
            put(met, dim, i.second, j.first, (t.sin_cos * a - t.sin_sin * b) + (t.cos_cos * c - t.cos_sin * d));
            put(met, dim, i.second, j.second, (t.sin_sin * a + t.sin_cos * b) + (t.cos_sin * c + t.cos_cos * d));
        }
}
