/* H5: codecs of about 2 bits on four kinds of 128 x 128 tiles: which one is best depends on the tile. */
#include "app/paper/tables.h"

#include <stdlib.h>
#include <string.h>

#include "app/paper/scalar.h"
#include "kernels/wht.h"

enum { TILES = 192, TILE = 128, GROUP = 32, LEVELS = 4, KEY = 0x6835 };

/* What is exact of a codec on a source. */
typedef enum exact_kind {
    NOTHING,
    INTEGRAL, /* 2 bits over the range of 32 independent values */
    OPTIMUM,  /* 2 bits Lloyd-Max; as INTEGRAL, no factor common to a row changes it */
    TOKEN,    /* TOKEN, CHANNEL, TURNED: what the rule of groups leaves of these very rows */
    CHANNEL,
    TURNED,
    EXACT_KINDS
} exact_kind;

/* ---- the rule of groups, once more ---- */

/* |error|² of 32 values `stride` apart on 4 levels from the least to the largest. */
static double group_error(const float *x, size_t stride)
{
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (size_t i = 0; i < GROUP; i++) {
        low = fmin(low, (double)x[i * stride]);
        high = fmax(high, (double)x[i * stride]);
    }
    const double step = (high - low) / (LEVELS - 1);
    for (size_t i = 0; i < GROUP && step > 0; i++) {
        const double off = (double)x[i * stride] - low, left = off - step * nearbyint(off / step);
        sum += left * left;
    }
    return sum;
}

/* Groups along the rows, or down the columns, as a share of the energy. */
static double groups_error(const source *rows, bool down)
{
    double error = 0, energy = 0;
    for (size_t i = 0; i < rows->n * TILE; i++)
        energy += (double)rows->rows[i] * (double)rows->rows[i];
    for (size_t r = 0; r < rows->n; r += down ? GROUP : 1)
        for (size_t c = 0; c < TILE; c += down ? 1 : GROUP)
            error += group_error(rows->rows + r * TILE + c, down ? TILE : 1);
    return error / energy;
}

static bool compute(const source *rows, double exact[EXACT_KINDS])
{
    const size_t bytes = rows->n * TILE * sizeof(float);
    source turned = { malloc(bytes), rows->n, TILE };
    wht turn;
    exact[NOTHING] = 0;
    exact[INTEGRAL] = scalar_minmax(GROUP, LEVELS);
    exact[OPTIMUM] = scalar_optimum(TILE, 2, NULL);
    exact[TOKEN] = groups_error(rows, false);
    exact[CHANNEL] = groups_error(rows, true);
    if (!turned.rows || !wht_init(&turn, TILE)) {
        source_free(&turned);
        return false;
    }
    memcpy(turned.rows, rows->rows, bytes);
    wht_forward(&turn, turned.rows, turned.n);
    exact[TURNED] = groups_error(&turned, false);
    source_free(&turned);
    return true;
}

/* ---- the table ---- */

/* One codec: what it leaves of each source as the survey measured it, what is exact there (0: nothing), and how far it
 * may be off. */
static const struct {
    const char *codec, *label, *published[4];
    exact_kind exact[4];
    double tolerance;
} columns[] = {
    { "kivi(bits=2,group=32,axis=token)",
      "token",
      { "0.155", "0.313", "0.158", "0.301" },
      { INTEGRAL, TOKEN, TOKEN, TOKEN },
      0.01 },
    { "kivi(bits=2,group=32,axis=channel)",
      "channel",
      { "0.154", "0.0189", "0.336", "0.0918" },
      { INTEGRAL, CHANNEL, CHANNEL, CHANNEL },
      0.01 },
    { "rotate(kivi(bits=2,group=32,axis=token))",
      "rotate+token",
      { "0.155", "0.120", "0.155", "0.118" },
      { INTEGRAL, TURNED, TURNED, TURNED },
      0.01 },
    { "polar(bits=2,scale=plain)",
      "TurboQuant",
      { "0.116", "0.109", "0.118", "0.109" },
      { OPTIMUM, NOTHING, OPTIMUM, NOTHING },
      0.02 },
    { "kvarn(bits=2)",
      "KVarN",
      { "0.248", "0.0300", "0.233", "0.0298" },
      { NOTHING, NOTHING, NOTHING, NOTHING },
      0.04 },
};

static void source_rows(paper *p, const source *rows, const char *name, int which)
{
    double exact[EXACT_KINDS];
    if (!rows->rows || !compute(rows, exact)) {
        p->short_of_memory = true;
        return;
    }
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        const measure m = measure_codec(p->codecs, rows, NULL, "%s", columns[c].codec);
        paper_add(p,
                  (paper_row){ .published = columns[c].published[which],
                               .exact = exact[columns[c].exact[which]],
                               .measured = m.error,
                               .by = m,
                               .tolerance = columns[c].tolerance },
                  "%s, %s", name, columns[c].label);
    }
}

void paper_h5(paper *p)
{
    static const char *const names[] = { "iid", "biased", "scaled", "both" };
    for (int s = 0; s < 4; s++) {
        source rows = source_tiles(TILES, s & 1, s & 2, KEY + 2 * (uint64_t)s);
        source_rows(p, &rows, names[s], s);
        source_free(&rows);
    }
}
