/* H2: the error of inner products, d·E(<y, x> - <y, x̂>)² over unit x and y, at d = 128. */
#include "app/paper/tables.h"

#include <stdlib.h>
#include <string.h>

#include "app/paper/scalar.h"
#include "kernels/random.h"

enum { DIM = 128, ROWS = 2560, PROBES = 256, SKETCHES = 12, KEY = 0x6832 };

/* Eight sums side by side: they overlap. */
static double dot(const float *a, const float *b)
{
    double sum[8] = { 0 };
    for (int i = 0; i < DIM; i += 8)
        for (int j = 0; j < 8; j++)
            sum[j] += (double)a[i + j] * (double)b[i + j];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static void normalise(source *s)
{
    for (size_t r = 0; s->rows && r < s->n; r++) {
        float *row = s->rows + r * DIM;
        const double length = sqrt(dot(row, row));
        for (int i = 0; i < DIM; i++)
            row[i] = (float)((double)row[i] / length);
    }
}

typedef struct product_error {
    double error;  /* d·E(<y, x> - <y, x̂>)² */
    double shrink; /* Σ<x, x̂> / Σ|x|² */
} product_error;

static product_error compare(const source *rows, const float *decoded, const source *probes)
{
    product_error e = { 0 };
    double energy = 0, along = 0, sum = 0;
    for (size_t r = 0; r < rows->n; r++) {
        const float *x = rows->rows + r * DIM, *back = decoded + r * DIM;
        float missing[DIM];
        for (int i = 0; i < DIM; i++)
            missing[i] = x[i] - back[i];
        energy += dot(x, x);
        along += dot(x, back);
        for (size_t j = 0; j < probes->n; j++) {
            const double off = dot(probes->rows + j * DIM, missing);
            sum += off * off;
        }
    }
    e.error = DIM * sum / ((double)probes->n * energy);
    e.shrink = along / energy;
    return e;
}

typedef struct bench {
    paper *p;
    source rows, probes; /* probes: unit */
    float *decoded;
} bench;

/* One codec; the averages over `seeds` draws of its sketch when it has one (the format then takes the seed). */
static measure products(bench *b, const char *expression, int seeds, product_error *mean)
{
    measure m = { 0 };
    *mean = (product_error){ 0 };
    for (int seed = 1; seed <= (seeds ? seeds : 1); seed++) {
        char text[sizeof m.codec];
        snprintf(text, sizeof text, seeds ? "%s,seed=%d)" : "%s)", expression, seed);
        m = measure_codec(b->p->codecs, &b->rows, &(measure_keep){ .decoded = b->decoded }, "%s", text);
        if (*m.why) break;
        const product_error e = compare(&b->rows, b->decoded, &b->probes);
        mean->error += e.error / (seeds ? seeds : 1);
        mean->shrink += e.shrink / (seeds ? seeds : 1);
    }
    return m;
}

/* √(d/2) Γ(d/2) / Γ((d+1)/2): how much larger E|<s, r>| is for a unit vector s than for a Gaussian one of its length.
 */
static double sphere_bias(void)
{
    return sqrt(DIM / 2.0) * exp(lgamma(DIM / 2.0) - lgamma((DIM + 1) / 2.0));
}

/* The error of one Gaussian sketch has a deviation of 2 %, hence many; that of an orthogonal one hardly varies. */
static void sketch_row(bench *b, int bits, const char *kind, int seeds, double factor, const char *published)
{
    product_error e;
    char expression[64];
    snprintf(expression, sizeof expression, "tqprod(bits=%d,sketch=%s", bits, kind);
    const measure m = products(b, expression, seeds, &e);
    const double left = bits > 1 ? scalar_optimum(DIM, bits - 1, NULL) : 1;
    paper_add(
        b->p,
        (paper_row){ .published = published, .exact = factor * left, .measured = e.error, .by = m, .tolerance = 0.03 },
        "b=%d, prod %s", bits, kind);
}

static void scalar_rows(bench *b, int bits, const char *shrink, const char *unbiased)
{
    product_error e;
    char expression[64];
    const double left = scalar_optimum(DIM, bits, NULL);
    snprintf(expression, sizeof expression, "polar(bits=%d,scale=plain", bits);
    measure m = products(b, expression, 0, &e);
    paper_add(b->p, (paper_row){ .exact = left, .measured = e.error, .by = m, .tolerance = 0.01 }, "b=%d, mse", bits);
    paper_add(b->p,
              (paper_row){ .published = shrink, .exact = 1 - left, .measured = e.shrink, .by = m, .tolerance = 0.003 },
              "b=%d, mse <x,x'>", bits);
    snprintf(expression, sizeof expression, "polar(bits=%d,scale=unbiased", bits);
    m = products(b, expression, 0, &e);
    paper_add(b->p,
              (paper_row){ .published = unbiased,
                           .exact = scalar_unbiased(DIM, bits),
                           .measured = e.error,
                           .by = m,
                           .tolerance = 0.03 },
              "b=%d, unbiased", bits);
    paper_add(b->p, (paper_row){ .exact = 1, .measured = e.shrink, .by = m, .tolerance = 0.001 },
              "b=%d, unbiased <x,x'>", bits);
}

void paper_h2(paper *p)
{
    static const struct {
        const char *prod, *shrink, *unbiased; /* prod: arXiv 2504.19874; the others: the survey */
    } published[] = {
        { "1.57", "0.638", "0.565" },
        { "0.56", "0.886", "0.129" },
        { "0.18", "0.968", "0.036" },
        { "0.047", "0.992", "0.0091" },
    };
    const double half_pi = 2 * atan(1), beta = sphere_bias();
    bench b = { p, source_normal(ROWS, DIM, KEY), source_normal(PROBES, DIM, KEY + 1),
                malloc(ROWS * DIM * sizeof(float)) };
    normalise(&b.probes);
    if (!b.rows.rows || !b.probes.rows || !b.decoded) p->short_of_memory = true;
    for (int bits = 1; bits <= 4 && !p->short_of_memory; bits++) {
        sketch_row(&b, bits, "gaussian", SKETCHES, half_pi - 1.0 / DIM, published[bits - 1].prod);
        sketch_row(&b, bits, "orthogonal", 2, half_pi / (beta * beta) - 1, NULL);
        scalar_rows(&b, bits, published[bits - 1].shrink, published[bits - 1].unbiased);
    }
    source_free(&b.rows);
    source_free(&b.probes);
    free(b.decoded);
}
