/* evaluate.h - one run: a model, a text, a config, a protocol; in a worker process, because it runs codecs.
 *
 * For each passage the reference (the exact cache's logits) is found or computed, the config is put through the same
 * protocol, and the two are compared position by position. What is measured and how: app/metrics.h, app/compress.h.
 */
#ifndef KVANT_APP_EVALUATE_H
#define KVANT_APP_EVALUATE_H

#include "app/job.h"

/* What a run is doing. Codecs work in STAGE_CODEC alone: a fault there is the config's and makes a failed run, and
 * silence there means that a codec hangs. */
typedef enum evaluate_stage { STAGE_SETUP, STAGE_REFERENCE, STAGE_CODEC, STAGE_SUMMARY } evaluate_stage;

typedef struct evaluate_watch {
    void *self;
    /* The job is sound: identity fields of *so_far are filled (model, text, config, machine, passages). */
    void (*started)(void *self, const job_result *so_far);
    /* Now at this stage, passage and layer (-1 where there is none). */
    void (*stage)(void *self, evaluate_stage stage, int passage, int layer);
    /* done of total steps of `what`; kld: mean so far, NaN when there is none. */
    void (*progress)(void *self, const char *what, uint64_t done, uint64_t total, double kld);
    bool (*cancelled)(void *self);
    void (*log)(void *self, const char *line);
} evaluate_watch;

/* All of watch's functions must be there. The caller releases *out, also on failure. */
bool evaluate(const job *j, const evaluate_watch *watch, job_result *out, fault *f);

#endif
