/* generate_job.h - what a child of `kvant generate` is asked, and the words it answers with.
 *
 * The front starts `kvant generate-child`, writes one request as a line of JSON to its stdin and reads events, one JSON
 * object per line, from its stdout:
 *     {"event":"started","prompt_tokens":12,"ctx":512,"format":"chatml","note":""}    the model is open
 *     {"event":"read","tokens":128}                                         so much of the prompt
 *     {"event":"token","id":262,"bytes":"20746865"}                         one token of the text, its bytes in hex
 *     {"event":"done","ended":true,"interrupted":false,...}                 all of generate_figures
 *     {"event":"fault","code":3,"text":...}
 * A child must be trusted no more than its codecs: what it sends is checked.
 */
#ifndef KVANT_APP_GENERATE_JOB_H
#define KVANT_APP_GENERATE_JOB_H

#include <cjson/cJSON.h>

#include "app/job.h"

typedef enum generate_form { GENERATE_AUTO, GENERATE_RAW, GENERATE_CHAT, GENERATE_FORMS } generate_form;

enum { GENERATE_PROMPT = 1 << 24, GENERATE_TOKENS = 1 << 20 }; /* bytes, tokens: at most */

typedef struct generate_job {
    job job;            /* model, config, threads, seed, calibration, cache, plugins; ctx: positions, 0: the model's */
    bool exact;         /* the exact cache: config means nothing */
    const char *prompt; /* NULL: the text begins with the model's first token */
    generate_form form;
    int tokens;         /* at most so many are made */
    double temperature; /* 0: greedy */
} generate_job;

/* NULL without memory. */
cJSON *generate_job_json(const generate_job *j);

/* j->prompt points into json. */
bool generate_job_read(const cJSON *json, generate_job *j, fault *f);

/* What is known at the end. */
typedef struct generate_figures {
    bool ended;                    /* by a token that ends what a model says */
    bool full;                     /* the context was */
    bool interrupted;              /* on request */
    int prompt, tokens, positions; /* positions: read, and so in the cache */
    double read_s;                 /* reading the prompt */
    double first_s;     /* from the prompt at hand to the first token, said or the end; NaN: there was none */
    double generate_s;  /* all tokens */
    double cache_bytes; /* host-counted; of the exact cache: f32 */
    double f16_bytes;   /* the same positions in f16 */
    double side_bytes;  /* once per model */
} generate_figures;

cJSON *generate_figures_json(const generate_figures *x);
bool generate_figures_read(const cJSON *json, generate_figures *x);

#endif
