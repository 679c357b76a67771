/* calibration.h - what is known of a model's streams from a text that is not evaluated.
 *
 * `kvant calibrate` (app/calibrate.h) makes a file of it, a run with a codec that calibrates reads it. The file is
 * safetensors, with words (format "kvant calibration", version, model, model_name, text, text_id, seed) and, where T is
 * the passages' length and `rows` a multiple of it:
 *
 *     tokens                           I32 [passages, T]
 *     layers.N.k, layers.N.v           F16 (F32 where f16 cannot hold them) [kv heads, rows, dim], keys before RoPE
 *     layers.N.query_moment            F32 [kv heads, dim, dim], the mean of q q' before RoPE
 *     layers.N.query_moment_rotated    the same after RoPE
 *     layers.N.query_moment_met        the same before RoPE, each q turned by all distances to keys of its sequence
 *     layers.N.attention               F32 [kv heads, T]; include/kvant/codec.h, kvant_samples.attention
 *
 * A file belongs to one model, by hash. Calibrated codecs must not be judged on what they were calibrated on:
 * calibration_overlap finds it, token by token, whatever file the text came from.
 *
 * An open calibration is read-only; any thread may use it.
 */
#ifndef KVANT_APP_CALIBRATION_H
#define KVANT_APP_CALIBRATION_H

#include "app/calibration_files.h"
#include "app/safetensors.h"
#include "engine/model.h"
#include "kernels/rope.h"
#include "kvant/codec.h"

typedef struct calibration calibration;

/* Opens the file and checks that it is complete, of this model and of its shape. */
calibration *calibration_open(const char *path, const char model_id[HASH_HEX], const model_shape *shape, fault *f);
void calibration_close(calibration *c); /* NULL is fine */

/* The hash of the file, and the text it was made from. */
void calibration_identify(const calibration *c, calibration_identity *out);

/* The samples of one stream, or with head < 0 of all kv heads interleaved. rope: ready for the calibration's positions
 * and given for keys that are to stand after RoPE, else NULL. `memory` owns what *out points to: free() it. */
bool calibration_samples(const calibration *c, int layer, int side, int head, const rope_table *rope,
                         kvant_samples *out, void **memory, fault *f);

/* Positions of one passage of the calibration's text. */
int calibration_positions(const calibration *c);

/* The share of `tokens` that lies in runs of CALIBRATION_RUN tokens which the calibration's text has, too. NaN with a
 * fault when out of memory. */
enum { CALIBRATION_RUN = 32 };
double calibration_overlap(const calibration *c, const int32_t *tokens, size_t n, fault *f);

#endif
