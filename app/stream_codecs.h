/* stream_codecs.h - the codecs of a cache's streams, opened and calibrated: one for each (layer, K or V, kv head), or
 * one for all heads of a layer and side where it pools them. Who holds the streams says how one is opened.
 *
 *     const stream_codecs q = { &request, plan, NULL, open, calibrate, geometry, self };
 *     ok = stream_codecs_open(&q, &most_heads, &f) && stream_codecs_calibrate(&q, &f);
 */
#ifndef KVANT_APP_STREAM_CODECS_H
#define KVANT_APP_STREAM_CODECS_H

#include "app/compress.h"
#include "app/instance.h"

typedef struct stream_geometry {
    int heads; /* that the stream's codec serves: 1, or all when it pools them; 0: it has none, head 0's serves it */
    uint32_t block, window; /* in positions */
    bool calibrates;
} stream_geometry;

typedef struct stream_codecs {
    const compress_request *r; /* opens the calibration and is told of each layer */
    const config_layer *plan;
    spare *threads; /* that help a codec that calibrates; or NULL */
    /* Opens a stream's codec: its encoder, which stays the stream's; NULL with a fault. */
    const instance *(*open)(void *self, int layer, int side, int head, fault *f);
    bool (*calibrate)(void *self, int layer, int side, int head, const kvant_samples *samples, fault *f);
    stream_geometry *(*geometry)(void *self, int layer, int side, int head); /* where it stands in the stream */
    void *self;
} stream_codecs;

/* Opens all of them and fills in the geometries, which must agree within a layer and side. *most_heads: that one codec
 * serves. */
bool stream_codecs_open(const stream_codecs *q, int *most_heads, fault *f);

/* A calibration's samples to the codecs that want them, layer by layer; calibrate is called on the engine's threads,
 * once for each codec. Of several faults in a layer it is the first in the streams' order. Without such codecs no
 * calibration is opened. */
bool stream_codecs_calibrate(const stream_codecs *q, fault *f);

#endif
