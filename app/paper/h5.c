/* H5: codecs of about 2 bits on four kinds of 128 x 128 tiles: which one is best depends on the tile. */
#include "app/paper/tables.h"

#include "app/paper/scalar.h"

enum { TILES = 192, GROUP = 32, KEY = 0x6835 };

typedef enum known { NOTHING, MINMAX, OPTIMUM } known;

/* One codec's column: what it leaves of each source, as the survey measured it, and what is exact there: a group's
 * range on independent values, which no factor common to the group changes. */
typedef struct column {
    const char *codec, *label, *published[4];
    known exact[4];
    double tolerance[4];
} column;

static const column columns[] = {
    { "kivi(bits=2,group=32,axis=token)",
      "token groups",
      { "0.155", "0.313", "0.158", "0.301" },
      { MINMAX, NOTHING, MINMAX, NOTHING },
      { 0.01, 0.03, 0.03, 0.05 } },
    { "kivi(bits=2,group=32,axis=channel)",
      "channel groups",
      { "0.154", "0.0189", "0.336", "0.0918" },
      { MINMAX, NOTHING, NOTHING, NOTHING },
      { 0.01, 0.03, 0.06, 0.10 } },
    { "rotate(kivi(bits=2,group=32,axis=token))",
      "rotated, token groups",
      { "0.155", "0.120", "0.155", "0.118" },
      { MINMAX, NOTHING, MINMAX, NOTHING },
      { 0.01, 0.03, 0.03, 0.05 } },
    { "polar(bits=2,scale=plain)",
      "TurboQuant",
      { "0.116", "0.109", "0.118", "0.109" },
      { OPTIMUM, NOTHING, OPTIMUM, NOTHING },
      { 0.01, 0.03, 0.03, 0.03 } },
    { "kvarn(bits=2)",
      "KVarN",
      { "0.248", "0.0300", "0.233", "0.0298" },
      { NOTHING, NOTHING, NOTHING, NOTHING },
      { 0.03, 0.05, 0.05, 0.05 } },
};

static double exact_of(known k)
{
    return k == MINMAX ? scalar_minmax(GROUP, 4) : k == OPTIMUM ? scalar_optimum(128, 2, NULL) : 0;
}

void paper_h5(paper *p)
{
    static const char *const names[] = { "iid", "biased", "scaled", "both" };
    for (int s = 0; s < 4; s++) {
        source rows = source_tiles(TILES, s & 1, s & 2, KEY + 2 * (uint64_t)s);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            const measure m = measure_codec(p->codecs, &rows, NULL, "%s", columns[c].codec);
            paper_add(p,
                      (paper_row){ .published = columns[c].published[s],
                                   .exact = exact_of(columns[c].exact[s]),
                                   .measured = m.error,
                                   .by = m,
                                   .tolerance = columns[c].tolerance[s] },
                      "%s, %s", names[s], columns[c].label);
        }
        source_free(&rows);
    }
}
