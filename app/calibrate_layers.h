/* calibrate_layers.h - a calibration's samples to the codecs of every layer that want them.
 *
 *     const calibrate_layers_request q = { &request, threads, wanted, take, self };
 *     if (some codec calibrates) calibrate_layers(&q, &f);
 */
#ifndef KVANT_APP_CALIBRATE_LAYERS_H
#define KVANT_APP_CALIBRATE_LAYERS_H

#include "app/compress.h"

typedef enum samples_wanted { SAMPLES_NONE, SAMPLES_OF_HEAD, SAMPLES_OF_LAYER } samples_wanted;

typedef struct calibrate_layers_request {
    const compress_request *r; /* opens the calibration and is told of each layer */
    spare *threads;            /* that help a codec; or NULL */
    samples_wanted (*wanted)(void *self, int layer, int side, int head);
    bool (*take)(void *self, int layer, int side, int head, const kvant_samples *samples, fault *f);
    void *self;
} calibrate_layers_request;

/* Layer by layer; wanted and take are called on the engine's threads, each stream once. Of several faults in a layer it
 * is the first in the streams' order. */
bool calibrate_layers(const calibrate_layers_request *q, fault *f);

#endif
