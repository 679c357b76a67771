/* K1: the ratios printed for the KakeyaTurbo cells, by the bytes its codecs really write.
 *
 * The model of those experiments: 28 layers, a stream of 4096 rows of 128 on either side (2048 positions, 2 heads
 * pooled), ratio against 2 bytes a value. Some layers are boundary layers with codecs of their own.
 */
#include "app/paper/tables.h"

#include <stdlib.h>

#include "app/paper/scalar.h"

enum { DIM = 128, ROWS = 4096, LAYERS = 28, RAW = 2 * ROWS * DIM, KEY = 0x6b31, CENTRES = 16, HEADER = 10 };

/* One stream's codec, and what its bytes follow from. */
typedef struct stream {
    const char *codec;
    int rank, bits, block, shared; /* kakeya; shared: blocks for one skeleton */
    double beyond;                 /* outliers: more than so many deviations; 0: none */
    int d, m;                      /* besi */
    const char *published;         /* bytes, where printed */
} stream;

enum { R2, R3, R4, R2A, R2B, R3A, R3B, R4A, WIDE, E4, R4S, E4S, E2S, BESI34, BESI54, BESI64, K13, V13, F16, STREAMS };

#define RSVD  "kakeya(pca=rsvd,rank=64,header=published"
#define EXACT "kakeya(pca=exact,rank=128,header=published"

static const stream streams[STREAMS] = {
    [R2] = { RSVD ",block=1024,bits=2)", 64, 2, 1024, 1, 0, 0, 0, "181248" },
    [R3] = { RSVD ",block=1024,bits=3)", 64, 3, 1024, 1, 0, 0, 0, "214016" },
    [R4] = { RSVD ",block=1024,bits=4)", 64, 4, 1024, 1, 0, 0, 0, "246784" },
    [R2A] = { RSVD ",block=1024,bits=2,outlier=2)", 64, 2, 1024, 1, 2, 0, 0, NULL },
    [R2B] = { RSVD ",block=1024,bits=2,outlier=1.5)", 64, 2, 1024, 1, 1.5, 0, 0, NULL },
    [R3A] = { RSVD ",block=1024,bits=3,outlier=2)", 64, 3, 1024, 1, 2, 0, 0, NULL },
    [R3B] = { RSVD ",block=1024,bits=3,outlier=1.5)", 64, 3, 1024, 1, 1.5, 0, 0, NULL },
    [R4A] = { RSVD ",block=1024,bits=4,outlier=2)", 64, 4, 1024, 1, 2, 0, 0, NULL },
    [WIDE] = { "kakeya(pca=rsvd,rank=96,header=published,block=1024,bits=3,outlier=2)", 96, 3, 1024, 1, 2, 0, 0, NULL },
    [E4] = { EXACT ",block=1024,bits=4)", 128, 4, 1024, 1, 0, 0, 0, "451584" },
    [R4S] = { RSVD ",block=1024,bits=4,shared=4)", 64, 4, 1024, 4, 0, 0, 0, "196864" },
    [E4S] = { EXACT ",block=1024,bits=4,shared=4)", 128, 4, 1024, 4, 0, 0, 0, "352512" },
    [E2S] = { EXACT ",block=1024,bits=2,shared=4)", 128, 2, 1024, 4, 0, 0, 0, NULL },
    [BESI34] = { "besi(d=3,m=4,magnitude=published,mean=true,block=1024)", .block = 1024, .d = 3, .m = 4,
                 .published = "238592" },
    [BESI54] = { "besi(d=5,m=4,magnitude=published,mean=true,block=1024)", .block = 1024, .d = 5, .m = 4 },
    [BESI64] = { "besi(d=6,m=4,magnitude=published,mean=true,block=1024)", .block = 1024, .d = 6, .m = 4 },
    [K13] = { RSVD ",block=512,bits=3,outlier=2)", 64, 3, 512, 1, 2, 0, 0, NULL },
    [V13] = { RSVD ",block=512,bits=2,shared=8)", 64, 2, 512, 8, 0, 0, 0, NULL },
    [F16] = { "f16", .published = "1048576" },
};

typedef struct cell {
    const char *name, *published;
    int k, v, boundary_layers, boundary_k, boundary_v;
} cell;

static const cell cells[] = {
    { "V0", "5.79", R2, R2, 0, R4, R4S },
    { "V1", "5.61", R2, R2, 4, R4, R4S },
    { "V3", "5.52", R2, R2, 6, R4, R4S },
    { "V4", "4.94", R2, BESI34, 6, R4, R4S },
    { "B0", "4.90", R3, R3, 0, R4, R4S },
    { "B1", "4.86", R3, R3, 6, R4, R4S },
    { "B2", "4.65", R3, BESI34, 6, R4, R4S },
    { "B3", "4.30", R3A, BESI34, 6, R4, R4S },
    { "R3 = C1", "3.74", R3B, BESI34, 6, R4, R4S },
    { "R1", "4.54", R2A, BESI34, 6, R4, R4S },
    { "R2", "3.92", R2B, BESI34, 6, R4, R4S },
    { "C2, rank 96", "3.32", WIDE, BESI34, 6, R4, R4S },
    { "C3, 4 bits", "4.09", R4A, BESI34, 6, R4, R4S },
    { "C4, 8 edges", "4.34", R3A, BESI34, 8, R4, R4S },
    { "v1.4 Pareto", "2.97", E4, BESI34, 4, E4, E4S },
    { "Sprint 3.5, 0 edges", "3.12", E4, E2S, 0, E4, E4S },
    { "Sprint 3.5, 4 edges", "3.03", E4, E2S, 4, E4, E4S },
    { "F1", "3.43", BESI64, E2S, 6, E4, E4S },
    { "F2", "3.58", BESI54, E2S, 6, E4, E4S },
    { "B1 (Riemann)", "3.36", BESI64, BESI34, 6, E4, E4S },
    { "D1", "3.50", BESI54, BESI34, 6, E4, E4S },
    { "v1.3 PPL, middle", "4.41", K13, V13, 0, F16, F16 },
    { "v1.3 PPL, as run", "2.55", K13, V13, 6, F16, F16 },
    { "v1.3 PPL, as printed", "4.61", K13, V13, 6, F16, F16 },
};

/* The bytes as the formulas have them. */
static double formula(const stream *s)
{
    const double blocks = s->block ? (double)ROWS / s->block : 0;
    if (!s->block) return RAW;
    if (s->d > 0) return blocks * 2 * DIM + ROWS * (ceil(DIM / 2 * s->d / 8.0) + ceil(DIM / 2 * s->m / 8.0) + 2);
    double width = 1;
    while (width < s->rank)
        width *= 2;
    const double skeleton = 2 * (DIM + s->rank * DIM), centres = 2 * CENTRES * s->rank;
    const double outliers = s->beyond > 0 ? ROWS * width * scalar_beyond((int)width, s->beyond) : 0;
    return blocks / s->shared * skeleton + blocks * centres + ROWS * (HEADER + ceil(width * s->bits / 8)) +
           4 * outliers;
}

static double ratio(const cell *c, const double *bytes)
{
    const int edge = c->boundary_layers;
    const double middle = bytes[c->k] + bytes[c->v], boundary = bytes[c->boundary_k] + bytes[c->boundary_v];
    return 2.0 * LAYERS * RAW / ((LAYERS - edge) * middle + edge * boundary);
}

/* The first of a cell's streams that could not be measured, or its keys'. */
static const measure *telling(const cell *c, const measure *all)
{
    const int used[] = { c->k, c->v, c->boundary_k, c->boundary_v };
    for (int i = 0; i < (c->boundary_layers ? 4 : 2); i++)
        if (*all[used[i]].why) return &all[used[i]];
    return &all[c->k];
}

static void stream_row(paper *p, const stream *s, const measure *m)
{
    const paper_row row = {
        .published = s->published, .exact = formula(s), .measured = m->bytes, .by = *m, .tolerance = 1e-9
    };
    if (s->d > 0)
        paper_add(p, row, "besi d%dm%d, B", s->d, s->m);
    else if (s->rank > 0)
        paper_add(p, row, "r=%d b=%d%s, B", s->rank, s->bits, s->shared > 1 ? " shared" : "");
    else
        paper_add(p, row, "%s, B", s->codec);
}

void paper_k1(paper *p)
{
    source rows = source_normal(ROWS, DIM, KEY);
    measure all[STREAMS];
    double measured[STREAMS], exact[STREAMS];
    for (int i = 0; i < STREAMS; i++) {
        const stream *s = &streams[i];
        all[i] = measure_codec(p->codecs, &rows, NULL, "%s", s->codec);
        measured[i] = all[i].bytes;
        exact[i] = formula(s);
        if (s->published) stream_row(p, s, &all[i]);
    }
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        const double expected = ratio(&cells[i], exact);
        paper_add(p,
                  (paper_row){ .published = cells[i].published,
                               .exact = expected,
                               .measured = ratio(&cells[i], measured),
                               .by = *telling(&cells[i], all),
                               .tolerance = 0.01 / expected },
                  "%s", cells[i].name);
    }
    source_free(&rows);
}
