#include "plugins/besi/tally.h"

#include <math.h>
#include <string.h>

#include "kernels/lloyd_table.h"

enum { SHIFT = 23 - 6, FIRST = (127 - 16) << 6 }; /* six bits of the fraction; the cell number of 2^-16 */

static float edge_of(int cell)
{
    const uint32_t bits = (uint32_t)(FIRST + cell) << SHIFT;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void tally_clear(tally *t)
{
    memset(t, 0, sizeof *t);
    for (int i = 1; i <= TALLY_CELLS; i++)
        t->edge[i] = (double)edge_of(i);
}

void tally_add(tally *t, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int cell = (int)((bits & 0x7fffffffu) >> SHIFT) - FIRST;
    t->count[cell < 0 ? 0 : cell < TALLY_CELLS ? cell : TALLY_CELLS - 1] += 1.0;
    t->total += 1.0;
}

void tally_join(tally *t, const tally *other)
{
    for (int i = 0; i < TALLY_CELLS; i++)
        t->count[i] += other->count[i];
    t->total += other->total;
}

double tally_quantile(const tally *t, double share)
{
    double before = 0.0;
    const double want = share * t->total;
    for (int i = 0; i < TALLY_CELLS && t->total > 0.0; i++) {
        if (t->count[i] > 0.0 && before + t->count[i] >= want)
            return t->edge[i] + (want - before) / t->count[i] * (t->edge[i + 1] - t->edge[i]);
        before += t->count[i];
    }
    return 0.0;
}

bool tally_levels(tally *t, int bits, double *level)
{
    return lloyd_table(t->edge, t->count, TALLY_CELLS, bits, t->work, level);
}
