/* H1: what Lloyd-Max codebooks leave of N(0, 1) and of the coordinates of a unit row. */
#include "app/paper/tables.h"

#include "app/paper/scalar.h"
#include "kernels/lloyd.h"

enum { VALUES = 1 << 21, KEY = 0x6831 };

/* From 5 bits on the paper gives no figure. */
static const char *const published[9] = { [1] = "0.36", [2] = "0.117", [3] = "0.03", [4] = "0.009" };

static void limit_rows(paper *p, int bits)
{
    double level[1 << LLOYD_BITS_MAX];
    const double exact = scalar_optimum(0, bits, NULL);
    const measure m = measure_named("kernels/lloyd.h");
    const double found = lloyd_max(LLOYD_NORMAL, bits, level) ? lloyd_distortion(LLOYD_NORMAL, bits, level) : NAN;
    paper_add(
        p, (paper_row){ .published = published[bits], .exact = exact, .measured = found, .by = m, .tolerance = 1e-6 },
        "b=%d, N(0,1)", bits);
    paper_add(p, (paper_row){ .exact = exact * pow(4, bits), .rule = PAPER_SHOWN }, "b=%d, times 4^b", bits);
}

static void sphere_row(paper *p, const source *rows, int bits)
{
    const measure m = measure_codec(p->codecs, rows, NULL, "polar(bits=%d,scale=plain)", bits);
    const double exact = scalar_optimum(rows->dim, bits, NULL);
    paper_add(p, (paper_row){ .exact = exact, .measured = m.error, .by = m, .tolerance = 0.01 }, "b=%d, d=%d", bits,
              rows->dim);
}

void paper_h1(paper *p)
{
    static const int dims[] = { 64, 128, 256 }, bits[] = { 1, 2, 3, 4, 5, 6, 8 };
    source rows[3];
    for (int i = 0; i < 3; i++)
        rows[i] = source_normal((size_t)(VALUES / dims[i]), dims[i], (uint64_t)(KEY + i));
    for (size_t b = 0; b < sizeof bits / sizeof *bits; b++) {
        limit_rows(p, bits[b]);
        for (int i = 0; i < 3; i++)
            if (bits[b] <= 4 || (bits[b] == 5 && dims[i] == 128)) sphere_row(p, &rows[i], bits[b]);
    }
    for (int i = 0; i < 3; i++)
        source_free(&rows[i]);
}
