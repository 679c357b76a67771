#include "plugins/kakeya/config.h"

#include <math.h>

#include "kernels/bitpack.h"
#include "kernels/lloyd.h"

enum {
    PARAM_PCA,
    PARAM_RANK,
    PARAM_VARIANCE,
    PARAM_OVERSAMPLE,
    PARAM_POWER,
    PARAM_SHARED,
    PARAM_POOL,
    PARAM_BLOCK,
    PARAM_CENTRES,
    PARAM_BITS,
    PARAM_SKELETON,
    PARAM_OUTLIER,
    PARAM_CODEBOOK,
    PARAM_GAIN,
    PARAM_RESIDUAL,
    PARAM_D,
    PARAM_M,
    PARAM_MAGNITUDE,
    PARAM_HEADER,
};

const kvant_param kakeya_params[] = {
    { .name = "pca",
      .type = KVANT_ENUM,
      .max = 1,
      .names = "exact rsvd",
      .help = "how principal directions are found" },
    { .name = "rank",
      .type = KVANT_INT,
      .max = KAKEYA_DIM_MAX,
      .step = 16,
      .help = "directions kept at most; 0: all of them, half of them with pca=rsvd" },
    { .name = "variance",
      .type = KVANT_REAL,
      .def = 1,
      .max = 1,
      .step = 0.05,
      .help = "share of the variance the kept directions must hold; 1: as many as rank allows" },
    { .name = "oversample",
      .type = KVANT_INT,
      .def = 8,
      .max = 64,
      .help = "pca=rsvd: columns of the sketch beyond rank" },
    { .name = "power", .type = KVANT_INT, .def = 2, .max = 8, .help = "pca=rsvd: subspace iterations" },
    { .name = "shared",
      .type = KVANT_INT,
      .def = 1,
      .min = 1,
      .max = 64,
      .flags = KVANT_LOG,
      .step = 2,
      .help = "blocks in a row that share one skeleton" },
    { .name = "pool",
      .type = KVANT_ENUM,
      .max = 1,
      .names = "head layer",
      .help = "layer: one block holds rows of all kv heads, interleaved" },
    { .name = "block",
      .type = KVANT_INT,
      .def = 512,
      .min = 2,
      .max = 16384,
      .flags = KVANT_LOG,
      .step = 2,
      .help = "rows per block" },
    { .name = "centres",
      .type = KVANT_INT,
      .def = 16,
      .max = KAKEYA_CENTRES_MAX,
      .step = 4,
      .help = "k-means directions of a block; 0: none, and no length along them" },
    { .name = "bits", .type = KVANT_INT, .def = 3, .min = 1, .max = 8, .help = "residual=lloyd: bits per coordinate" },
    { .name = "skeleton",
      .type = KVANT_ENUM,
      .max = 1,
      .names = "f16 f32",
      .help = "format of mean, directions and centres; f32 also lifts f16's range from the rows' lengths" },
    { .name = "outlier",
      .type = KVANT_REAL,
      .max = 8,
      .step = 0.5,
      .help = "keep residual coordinates beyond so many standard deviations in f16; 0: none" },
    { .name = "codebook",
      .type = KVANT_ENUM,
      .max = 1,
      .names = "gauss calibrated",
      .help = "residual=lloyd: levels for N(0, 1), or fitted to residuals of another text" },
    { .name = "gain",
      .type = KVANT_ENUM,
      .max = 1,
      .names = "norm lsq",
      .help = "what a row's levels are multiplied by: the residual's norm, or the factor with the least error" },
    { .name = "residual",
      .type = KVANT_ENUM,
      .max = 1,
      .names = "lloyd besi",
      .help = "how the rotated residual is quantised: coordinate by coordinate, or in pairs as besi does" },
    { .name = "d", .type = KVANT_INT, .def = 3, .min = 1, .max = 8, .help = "residual=besi: direction bits of a pair" },
    { .name = "m", .type = KVANT_INT, .def = 4, .min = 1, .max = 8, .help = "residual=besi: magnitude bits of a pair" },
    { .name = "magnitude",
      .type = KVANT_ENUM,
      .def = BESI_MENDED,
      .max = BESI_F16,
      .names = "published mended f16",
      .help = "residual=besi: magnitudes as the published codec has them, with mended levels, or in f16" },
    { .name = "header",
      .type = KVANT_ENUM,
      .max = 1,
      .names = "tight published",
      .help = "byte layout: packed, or of exactly the published size" },
    { 0 },
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t rank_most(const kakeya_config *p, size_t rank)
{
    if (rank == 0) rank = p->sketch && p->dim > 1 ? p->dim / 2 : p->dim;
    return least(least(rank, p->dim), p->block * p->shared - 1);
}

static void read_values(kakeya *c, const kvant_value *values)
{
    kakeya_config *p = &c->config;
    p->dim = (size_t)c->shape.dim;
    p->block = (size_t)values[PARAM_BLOCK].i;
    p->shared = (size_t)values[PARAM_SHARED].i;
    p->centres = least((size_t)values[PARAM_CENTRES].i, p->block);
    p->oversample = (size_t)values[PARAM_OVERSAMPLE].i;
    p->power = (int)values[PARAM_POWER].i;
    p->bits = (int)values[PARAM_BITS].i;
    p->variance = values[PARAM_VARIANCE].r;
    p->outlier = values[PARAM_OUTLIER].r;
    p->sketch = values[PARAM_PCA].i != 0;
    p->pooled = values[PARAM_POOL].i != 0;
    p->wide = values[PARAM_SKELETON].i != 0;
    p->calibrated = values[PARAM_CODEBOOK].i != 0;
    p->lsq = values[PARAM_GAIN].i != 0;
    p->besi = values[PARAM_RESIDUAL].i != 0;
    p->published = values[PARAM_HEADER].i != 0;
    p->rank_most = rank_most(p, (size_t)values[PARAM_RANK].i);
}

static bool set_gaussian(kakeya *c)
{
    double level[QUANTIZER_LEVELS];
    float narrow[QUANTIZER_LEVELS];
    if (!lloyd_max(LLOYD_NORMAL, c->config.bits, level)) return false;
    for (int i = 0; i < 1 << c->config.bits; i++)
        narrow[i] = (float)level[i];
    return kakeya_set_table(c, narrow);
}

int kakeya_configure(kakeya *c, const kvant_value *values)
{
    const kvant_host *host = c->host;
    read_values(c, values);
    const kakeya_config *p = &c->config;
    const size_t heads = p->pooled && c->shape.n_heads > 0 ? (size_t)c->shape.n_heads : 1;
    if (p->block % heads != 0)
        return host->fail(host, KVANT_E_PARAM, "kakeya: pool=layer: block=%zu is not a multiple of the %zu kv heads",
                          p->block, heads);
    if (p->besi && (p->outlier > 0.0 || p->calibrated))
        return host->fail(host, KVANT_E_PARAM,
                          "kakeya: residual=besi has a table of its own and no outliers: %s does "
                          "not go with it",
                          p->calibrated ? "codebook=calibrated" : "outlier");
    const bool ok = p->besi ? besi_init(&c->directions, 2, (int)values[PARAM_D].i, (int)values[PARAM_M].i,
                                        (besi_magnitude)values[PARAM_MAGNITUDE].i)
                            : set_gaussian(c);
    if (!ok) return host->fail(host, KVANT_E_PARAM, "kakeya: no table of levels for %d bits", p->bits);
    return KVANT_OK;
}

bool kakeya_set_table(kakeya *c, const float *level)
{
    const int n = 1 << c->config.bits;
    float boundary[QUANTIZER_LEVELS] = { 0 };
    for (int i = 0; i + 1 < n; i++) {
        boundary[i] = (float)(0.5 * ((double)level[i] + (double)level[i + 1]));
        if (!(level[i] < level[i + 1]) || (i > 0 && !(boundary[i - 1] < boundary[i]))) return false;
    }
    quantizer table;
    if (!quantizer_init(&table, level, boundary, n)) return false;
    c->table = table;
    return true;
}

void kakeya_set_rank(const kakeya *c, kakeya_skeleton *s, size_t rank)
{
    const kakeya_config *p = &c->config;
    s->rank = rank;
    s->width = rotation_width(rank, p->published, p->besi);
    s->code_bytes = p->besi ? besi_bytes(&c->directions, s->width) : bitpack_bytes(s->width, p->bits);
    rotation_init(&s->turn, s->width);
}

size_t kakeya_outliers_most(const kakeya_config *p, size_t width)
{
    if (!(p->outlier > 0.0)) return 0;
    const double most = ceil((double)width / (p->outlier * p->outlier));
    return most < (double)width ? (size_t)most : width;
}
