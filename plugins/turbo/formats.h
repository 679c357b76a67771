/* formats.h - the tables of turbo2, turbo3, turbo4 and of the four that are ours. The fork's are the ones it ships:
 * turbo4's is not Lloyd-Max, see README.md. For turbo.c alone. */
#ifndef KVANT_PLUGINS_TURBO_FORMATS_H
#define KVANT_PLUGINS_TURBO_FORMATS_H

#include <stddef.h>
#include <stdint.h>

enum { MAX_GROUP = 128, MAX_HALF = 8 };

typedef struct turbo_format {
    const char *name;
    size_t group, header; /* the header is the f16 norm and, in turbo4, two reserved zero bytes */
    size_t bits;
    float level[MAX_HALF];    /* above zero, 2^(bits-1) of them; the tables are symmetric */
    float boundary[MAX_HALF]; /* the first is 0 */
} turbo_format;

/* clang-format off */
static const turbo_format formats[] = {
    { "turbo2", 128, 2, 2, { 0.039994f, 0.133462f }, { 0.0f, 0.086728f } },
    { "turbo3", 128, 2, 3,
      { 0.021460f, 0.065717f, 0.117832f, 0.190685f },
      { 0.0f, 0.043589f, 0.091775f, 0.154259f } },
    { "turbo4", 128, 4, 4,
      { 0.006938f, 0.020989f, 0.035597f, 0.051262f, 0.068756f, 0.089527f, 0.117195f, 0.173926f },
      { 0.0f, 0.013963f, 0.028293f, 0.043430f, 0.060009f, 0.079142f, 0.103361f, 0.145560f } },
    /* Lloyd-Max for the sphere in 128 and in 64 dimensions (kernels/lloyd.h), to six digits so that bytes are the same
     * everywhere; boundaries are midpoints. */
    { "turbo4_lm", 128, 4, 4,
      { 0.011303f, 0.034151f, 0.057772f, 0.082828f, 0.110288f, 0.141805f, 0.180836f, 0.237664f },
      { 0.0f, 0.022727f, 0.0459615f, 0.070300f, 0.096558f, 0.1260465f, 0.1613205f, 0.209250f } },
    { "turbo2_64", 64, 2, 2, { 0.056515f, 0.187497f }, { 0.0f, 0.122006f } },
    { "turbo3_64", 64, 2, 3,
      { 0.030469f, 0.093832f, 0.166168f, 0.263914f },
      { 0.0f, 0.0621505f, 0.130000f, 0.215041f } },
    { "turbo4_64", 64, 2, 4,
      { 0.015919f, 0.048090f, 0.081312f, 0.116487f, 0.154926f, 0.198856f, 0.252914f, 0.330796f },
      { 0.0f, 0.0320045f, 0.064701f, 0.0988995f, 0.1357065f, 0.176891f, 0.225885f, 0.291855f } },
};
/* clang-format on */

static size_t group_bytes(const turbo_format *format)
{
    return format->header + format->group * format->bits / 8;
}

#endif
