/* predict_wire.h - what passes between the predictor and its child, one JSON object per line.
 *
 *     to the child:   {"id":7,"config":"k=q8_0 v=tur","model":"/models/a.gguf","ctx":512,"many":false,"db":"/a.db"}
 *     from it:        {"trying":"turbo3"}              a codec is about to run
 *                     {"id":7,"state":"known","about":false,"bits_per_value":5.3, ...}
 *
 * The front trusts nothing that comes: what is no answer is none.
 */
#ifndef KVANT_APP_PREDICT_WIRE_H
#define KVANT_APP_PREDICT_WIRE_H

#include <limits.h>

#include <cjson/cJSON.h>

#include "app/predict.h"

typedef struct prediction_question {
    uint32_t id;
    int ctx;
    bool many; /* config is what a sweep is given (predict.h) */
    char config[2048];
    char model[PATH_MAX];
    char database[PATH_MAX]; /* of profiles */
} prediction_question;

/* NULL when out of memory. */
cJSON *prediction_question_json(const prediction_question *q);
bool prediction_question_read(const cJSON *json, prediction_question *q);

cJSON *prediction_json(const prediction *p, uint32_t id);

/* False when it is no answer. asked is left alone. */
bool prediction_read(const cJSON *json, prediction *p, uint32_t *id);

#endif
