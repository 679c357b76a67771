/* calibrate.h - making a calibration: a text goes through the model once, exactly, and what codecs ask for is summed.
 *
 * For every layer and kv head: the second moment of the queries that meet its keys, before and after RoPE; how much
 * attention each position gets; and the first rows of its keys and values. app/calibration.h says what a file holds.
 */
#ifndef KVANT_APP_CALIBRATE_H
#define KVANT_APP_CALIBRATE_H

#include "app/passages.h"

typedef struct calibrate_request {
    engine *e;
    const passages *text;
    int sampled; /* passages whose keys and values are kept */
    const char *model_id, *text_name;
    uint64_t seed; /* of self text */
    /* Told before the first passage and after each; then false stops it (FAULT_INTERRUPTED). */
    bool (*at)(void *self, size_t done, size_t total);
    void *self;
} calibrate_request;

/* Writes the file; it is there whole or not at all. Memory: what is written, and the sums in f64. */
bool calibrate(const calibrate_request *request, const char *path, fault *f);

#endif
