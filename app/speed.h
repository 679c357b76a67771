/* speed.h - how fast a config's cache is beside another's, in kvant's engine. Runs codecs: for a child process.
 *
 * For every depth both sides read the same text: `depth` tokens that only fill the cache, then a prompt, which is
 * timed; then they generate, greedily, token by token. A repetition is one of each, and who begins alternates, so that
 * a machine that gets slower or faster meets both. One run of each that does not count comes first.
 *
 * A config's cache is bytes (app/encoded.h), as an engine would have it, or, when asked for, decoded rows as the
 * evaluation has them (app/compress.h). Depths beyond what a model was trained for are filled with given rows
 * (app/speed_fill.h), the same ones for every cache: filling them by forward passes would cost the square of the depth,
 * and what is timed does not depend on what the rows say.
 *
 * The same tokens are then forced through both caches and the exact one: KLD and top-1 agreement belong to every figure
 * of speed, because a cache that returns nonsense can be fast. What each side generated is hashed, and must be the same
 * in every repetition.
 */
#ifndef KVANT_APP_SPEED_H
#define KVANT_APP_SPEED_H

#include "app/bootstrap.h"
#include "app/config.h"
#include "app/host.h"
#include "app/registry.h"
#include "app/speed_fill.h"
#include "base/hash.h"
#include "engine/forward.h"

typedef enum speed_side { SPEED_REFERENCE, SPEED_CONFIG, SPEED_SIDES } speed_side;
enum { SPEED_SCORED = 256 }; /* of a prompt's positions, the last */

typedef struct speed_request {
    const registry *known;
    const config *config[SPEED_SIDES]; /* NULL: the exact cache, as it is used when nothing is compressed */
    engine *e;
    bool decoded;           /* caches of configs: decoded rows instead of bytes */
    const int32_t *tokens;  /* depth + prompt of them; with fill only the prompt's */
    const speed_fill *fill; /* what stands before the prompt; NULL: the text does */
    int depth, prompt, generate, reps;
    uint64_t seed; /* of the intervals */
    const char *calibrations, *calibration, *model_id;
    const host_env *env;
    bool (*at)(void *self, int done, int total); /* before the first run and after each; false stops. May be NULL */
    void *self;
} speed_request;

/* One timed run. */
typedef struct speed_sample {
    int rep;
    speed_side side;
    double prompt_s;   /* reading the prompt */
    double first_s;    /* from the prompt at hand to the first token, room for the cache included */
    double generate_s; /* generating */
    uint64_t peak;     /* bytes resident, at most, in this run; 0: not known */
    /* Of generating with a cache as bytes (app/encoded.h): seconds for taking and encoding rows, for scores, and for
     * the rest of attention; and pairs of a query and a row, and those with a weight. */
    double take_s, scores_s, mix_s;
    uint64_t seen, kept;
} speed_sample;

/* Milliseconds of a generated token, medians; of a cache as bytes. The rest is the model's weights. */
typedef struct speed_parts {
    bool known;
    double total, take, scores, mix;
    double skipped; /* the share of (query, row) pairs whose weight is 0 */
} speed_parts;

/* Of one side: what it did to the predictions, and what it takes. */
typedef struct speed_quality {
    run_metrics against_exact;
    char ids[HASH_HEX]; /* of the tokens it generated */
    double cache_bytes; /* host-counted, of one sequence of depth + prompt + generate tokens; exact: f32 */
    double side_bytes;
    double encode_gbs, decode_gbs;        /* f32 bytes per second of codec time, one thread; 0: not measured */
    int layers, fused_keys, fused_values; /* layers of a cache as bytes, and those whose codec attends on bytes */
    double setup_s;                       /* opening its codecs */
} speed_quality;

/* A figure of both sides: medians, and the ratio of medians with its interval. */
typedef struct speed_figure {
    double reference, config;
    interval ratio; /* config / reference */
} speed_figure;

typedef struct speed_result {
    speed_sample *samples; /* 2 * reps, in the order they were run */
    size_t n_samples;
    speed_quality quality[SPEED_SIDES];
    int common;                      /* generated tokens with which both begin */
    bool stable;                     /* every repetition generated the same */
    speed_figure prompt, generation; /* tokens per second */
    speed_figure first;              /* seconds */
    double peak[SPEED_SIDES];        /* the most over the repetitions */
    speed_parts parts[SPEED_SIDES];
} speed_result;

/* The caller releases *out, also on failure. */
bool speed_measure(const speed_request *r, speed_result *out, fault *f);
void speed_release(speed_result *r);

/* Medians and ratios of the samples that are there; prompt and generate: tokens of each run. */
bool speed_summarise(speed_result *r, int prompt, int generate, uint64_t seed, fault *f);

/* How milliseconds of a token grow with what stands in the cache: constant + per_1k for each 1024 positions, the line
 * with the least sum of squared relative errors. False for fewer than three depths, or all alike. */
bool speed_growth(const double *depth, const double *ms, size_t n, double *constant, double *per_1k);

/* Who runs first in a repetition. */
speed_side speed_first(int rep);

/* The most this process has had resident since speed_peak_reset, or since it began where that cannot be set back. */
void speed_peak_reset(void);
uint64_t speed_peak(void);

#endif
