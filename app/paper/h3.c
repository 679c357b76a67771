/* H3: where codes of R bits a value stand between Shannon's bound and a plain quantiser, on N(0, 1). */
#include "app/paper/tables.h"

#include <stdlib.h>
#include <string.h>

#include "app/paper/scalar.h"
#include "kernels/bitpack.h"

enum { DIM = 128, ROWS = 4096, TRELLIS_ROWS = 384, KEY = 0x6833, SCALE_BYTES = 2 };

static double entropy_of(const double *count, size_t n)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        total += count[i];
    for (size_t i = 0; i < n; i++)
        if (count[i] > 0) sum -= count[i] / total * log2(count[i] / total);
    return sum;
}

/* The entropy of polar's codes, from its bytes: a row is an f16 scale and the packed codes (plugins/polar). */
static double code_entropy(const measure_keep *keep, int bits)
{
    const size_t row = SCALE_BYTES + bitpack_bytes(DIM, bits);
    double count[16] = { 0 };
    uint8_t codes[DIM];
    for (size_t at = 0; at + row <= keep->n_bytes; at += row) {
        bitpack_get(keep->encoding + at + SCALE_BYTES, DIM, bits, codes);
        for (int i = 0; i < DIM; i++)
            count[codes[i]]++;
    }
    return entropy_of(count, (size_t)1 << bits);
}

static void entropy_row(paper *p, const source *rows, int bits, const char *published)
{
    const size_t capacity = ROWS * (SCALE_BYTES + bitpack_bytes(DIM, bits));
    measure_keep keep = { .encoding = malloc(capacity), .capacity = capacity };
    if (!keep.encoding) {
        p->short_of_memory = true;
        return;
    }
    const measure m = measure_codec(p->codecs, rows, &keep, "polar(bits=%d,scale=plain)", bits);
    double exact;
    scalar_optimum(DIM, bits, &exact);
    paper_add(p,
              (paper_row){ .published = published,
                           .exact = exact,
                           .measured = *m.why ? NAN : code_entropy(&keep, bits),
                           .by = m,
                           .tolerance = 0.002 },
              "entropy, %d-bit codes", bits);
    free(keep.encoding);
}

static void landmarks(paper *p, const source *rows, int rate)
{
    static const char *const shannon[] = { NULL, "0.0625", NULL }, *const coded[] = { NULL, "0.0889", "0.0222" },
                             *const lloyd[] = { "0.363", "0.1175", "0.0345" };
    paper_add(p, (paper_row){ .published = shannon[rate - 1], .exact = pow(4, -rate), .rule = PAPER_SHOWN },
              "R=%d, Shannon", rate);
    paper_add(p, (paper_row){ .published = coded[rate - 1], .exact = scalar_entropy_coded(rate), .rule = PAPER_SHOWN },
              "R=%d, uniform, coded", rate);
    const measure m = measure_codec(p->codecs, rows, NULL, "polar(bits=%d,scale=plain)", rate);
    paper_add(p,
              (paper_row){ .published = lloyd[rate - 1],
                           .exact = scalar_optimum(DIM, rate, NULL),
                           .measured = m.error,
                           .by = m,
                           .tolerance = 0.01 },
              "R=%d, Lloyd-Max d=%d", rate, DIM);
}

/* No closed form: the survey's figure, with levels drawn at random, is a bound for levels that are chosen. */
static void trellis_row(paper *p, const source *rows, int bits, int states, const char *published)
{
    const measure m = measure_codec(p->codecs, rows, NULL, "tcq(bits=%d,states=%d,scale=mse)", bits, states);
    paper_add(
        p,
        (paper_row){ .published = published, .measured = m.error, .by = m, .rule = PAPER_AT_MOST, .tolerance = 0.005 },
        "R=%d, 2^%d-state TCQ", bits, states);
}

void paper_h3(paper *p)
{
    source rows = source_normal(ROWS, DIM, KEY), few = source_normal(TRELLIS_ROWS, DIM, KEY + 1);
    landmarks(p, &rows, 1);
    trellis_row(p, &few, 1, 12, "0.284");
    landmarks(p, &rows, 2);
    trellis_row(p, &few, 2, 10, "0.0744");
    trellis_row(p, &few, 2, 12, "0.0723");
    landmarks(p, &rows, 3);
    trellis_row(p, &few, 3, 9, "0.0222");
    entropy_row(p, &rows, 2, "1.911");
    entropy_row(p, &rows, 3, "2.825");
    entropy_row(p, &rows, 4, "3.765");
    source_free(&rows);
    source_free(&few);
}
