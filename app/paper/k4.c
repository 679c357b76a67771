/* K4: Besicovitch codes as published and mended, and the lattice codes of the same line, on N(0, 1) at d = 128. */
#include "app/paper/tables.h"

#include "app/paper/scalar.h"

enum { DIM = 128, ROWS = 6000, KEY = 0x6b34 };

static void besicovitch_rows(paper *p, const source *rows)
{
    static const struct {
        int d, m;
        const char *published, *mended, *floor; /* floor: with exact magnitudes */
    } all[] = {
        { 2, 3, ".139", ".071", ".0498" }, { 2, 4, ".0755", ".0557", NULL },   { 3, 3, ".105", ".0344", ".0128" },
        { 3, 4, ".0395", ".0189", NULL },  { 4, 4, ".030", ".0094", ".0032" }, { 5, 4, ".028", ".0070", NULL },
        { 6, 4, ".027", ".0064", NULL },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const int d = all[i].d, bits = all[i].m;
        const measure a =
            measure_codec(p->codecs, rows, NULL, "besi(d=%d,m=%d,magnitude=published,mean=false)", d, bits);
        const measure b = measure_codec(p->codecs, rows, NULL, "besi(d=%d,m=%d,magnitude=mended,mean=false)", d, bits);
        paper_add(p, (paper_row){ .published = all[i].published, .measured = a.error, .by = a, .tolerance = 0.03 },
                  "besi d%dm%d, published", d, bits);
        paper_add(p, (paper_row){ .published = all[i].mended, .measured = b.error, .by = b, .tolerance = 0.03 },
                  "besi d%dm%d, mended", d, bits);
        if (!all[i].floor) continue;
        const double angle = 4 * atan(1) / (1 << d);
        const measure c = measure_codec(p->codecs, rows, NULL, "besi(d=%d,m=%d,magnitude=f16,mean=false)", d, bits);
        paper_add(p,
                  (paper_row){ .published = all[i].floor,
                               .exact = (1 - sin(angle) / angle) / 2,
                               .measured = c.error,
                               .by = c,
                               .tolerance = 0.01 },
                  "besi d%d, f16", d);
    }
}

typedef struct lattice_line {
    const char *kind;
    int n;
    double moment; /* of a cell whose points stand 1 apart along the axes (E8) or have an even sum (D4) */
    const char *error[7], *bits[7];
} lattice_line;

static void lattice_rows(paper *p, const source *rows, const lattice_line *l)
{
    static const int boxes[] = { 2, 3, 4, 5, 10, 38, 152 };
    for (int i = 0; i < 7; i++) {
        const int q = boxes[i];
        const measure m =
            measure_codec(p->codecs, rows, NULL, "lattice(kind=%s,q=%d,clip=max,index=coset)", l->kind, q);
        const double exact = l->moment * scalar_largest_square(DIM) / ((double)q * q);
        const double per_block = ceil(l->n * log2(2 * q + 1) - (l->n == 4));
        paper_add(
            p,
            (paper_row){ .published = l->error[i], .exact = exact, .measured = m.error, .by = m, .tolerance = 0.015 },
            "%s q=%d", l->kind, q);
        paper_add(p,
                  (paper_row){ .published = l->bits[i],
                               .exact = DIM / l->n * per_block + 32,
                               .measured = m.bits * DIM,
                               .by = m,
                               .tolerance = 1e-9 },
                  "%s q=%d, bits a row", l->kind, q);
    }
}

void paper_k4(paper *p)
{
    static const lattice_line d4 = { "d4",
                                     4,
                                     13.0 / 120,
                                     { ".2204", ".0981", ".0551", ".0353", "8.82e-3", "6.10e-4", "3.8e-5" },
                                     { "320", "384", "416", "448", "576", "832", "1088" } };
    static const lattice_line e8 = { "e8",
                                     8,
                                     929.0 / 12960,
                                     { ".1456", ".0648", ".0365", ".0233", "5.83e-3", "4.04e-4", "2.5e-5" },
                                     { "336", "400", "448", "480", "608", "848", "1104" } };
    source rows = source_normal(ROWS, DIM, KEY);
    besicovitch_rows(p, &rows);
    lattice_rows(p, &rows, &d4);
    lattice_rows(p, &rows, &e8);
    source_free(&rows);
}
