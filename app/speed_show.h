/* speed_show.h - what was measured, for a person and as JSON. */
#ifndef KVANT_APP_SPEED_SHOW_H
#define KVANT_APP_SPEED_SHOW_H

#include <cjson/cJSON.h>

#include "app/fingerprint.h"
#include "app/speed.h"
#include "app/terminal.h"

enum { SPEED_DEPTHS = 16 };

typedef struct speed_report {
    const char *names[SPEED_SIDES]; /* canonical configs; "exact" */
    const char *model, *model_id, *text, *text_id;
    int prompt, generate, reps, threads;
    uint64_t seed;
    bool decoded; /* speed_request */
    bool plot;    /* for a person: bars, too */
    int depth[SPEED_DEPTHS];
    int filled[SPEED_DEPTHS]; /* tokens whose rows fill this depth; 0: the text does */
    speed_result result[SPEED_DEPTHS];
    size_t n; /* depths */
} speed_report;

/* speed_growth of a side's milliseconds over the positions in the cache. */
bool speed_report_growth(const speed_report *r, speed_side side, double *constant, double *per_1k);

bool speed_print(const speed_report *r, const terminal *to, fault *f);
cJSON *speed_json(const speed_report *r);

#endif
