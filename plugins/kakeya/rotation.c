#include "plugins/kakeya/rotation.h"

#include <math.h>
#include <string.h>

#include "kernels/random.h"

#define SIGN_KEY 0x6b616b6579610001u

size_t rotation_width(size_t rank, bool power_of_two, bool even)
{
    size_t width = 1;
    if (power_of_two)
        while (width < rank)
            width *= 2;
    else
        for (width = rank; width > ROTATION_SMALL && !wht_takes((int)width);)
            width++;
    return even ? width + width % 2 : width;
}

/* cas(2πij/odd) of the pieces, times the Hadamard sign within them. */
static double entry(int i, int j, int odd, int size)
{
    const double angle = 6.283185307179586 * ((i / size) * (j / size) % odd) / odd;
    int common = (i % size) & (j % size), minus = 0;
    for (; common; common &= common - 1)
        minus = !minus;
    return minus ? -(cos(angle) + sin(angle)) : cos(angle) + sin(angle);
}

void rotation_init(rotation *r, size_t n)
{
    r->n = (int)n;
    if (r->n > ROTATION_SMALL) {
        wht_init(&r->large, r->n);
        return;
    }
    int odd = r->n, size = 1;
    for (; odd % 2 == 0; odd /= 2)
        size *= 2;
    for (int i = 0; i < r->n; i++)
        for (int j = 0; j < r->n; j++) {
            const double sign = random_bits(SIGN_KEY, (uint64_t)j) >> 63 ? -1.0 : 1.0;
            r->small[i * r->n + j] = (float)(sign * entry(i, j, odd, size) / sqrt((double)r->n));
        }
}

static void multiply(const rotation *r, bool transposed, float *row)
{
    double out[ROTATION_SMALL] = { 0 };
    for (int i = 0; i < r->n; i++)
        for (int j = 0; j < r->n; j++)
            out[i] += (double)r->small[transposed ? j * r->n + i : i * r->n + j] * (double)row[j];
    for (int i = 0; i < r->n; i++)
        row[i] = (float)out[i];
}

/* Coordinates come in the order of their variance; dealt out in turn, each of the odd number of pieces that the Hartley
 * matrix mixes with uneven weights gets the same share of it. */
static void deal(const rotation *r, bool back, float *row)
{
    const int odd = r->large.odd, size = r->n / odd;
    float dealt[WHT_MAX];
    if (odd == 1) return;
    memcpy(dealt, row, (size_t)r->n * sizeof *row);
    for (int j = 0; j < r->n; j++) {
        const int to = j % odd * size + j / odd;
        row[back ? j : to] = dealt[back ? to : j];
    }
}

void rotation_forward(const rotation *r, float *row)
{
    if (r->n <= ROTATION_SMALL) {
        multiply(r, false, row);
        return;
    }
    deal(r, false, row);
    wht_forward(&r->large, row, 1);
}

void rotation_inverse(const rotation *r, float *row)
{
    if (r->n <= ROTATION_SMALL) {
        multiply(r, true, row);
        return;
    }
    wht_inverse(&r->large, row, 1);
    deal(r, true, row);
}
