/* instance.h - one codec at work on one stream: create, encode, decode ... with every answer checked.
 *
 *     instance *encoder = instance_open(known, s, &shape, NULL, &f);
 *     const uint8_t *bytes; size_t n_bytes;
 *     instance_encode(encoder, 0, rows, n_rows, &bytes, &n_bytes, &f);
 *     instance *decoder = instance_open(known, s, &shape, NULL, &f);      fresh; instance_load gives it the side data
 *     instance_decode(decoder, 0, bytes, n_bytes, back, n_rows, &f);
 *
 * What a codec may do wrong is found here and named: writing past its buffer, returning more than it may, bytes whose
 * split does not add up, rows left unwritten, NaN or infinity in what it decodes, memory left behind. Messages begin
 * with the stream:
 *
 *     k=turbo4, layer 3, head 1, encode: row 17, column 4 is nan
 *
 * as FAULT_INPUT where the rows, bytes or parameters are to blame or the codec broke a rule, FAULT_INTERNAL for memory
 * and misuse, FAULT_INTERRUPTED when cancelled.
 *
 * An instance is used by one thread at a time (but see instance_scores). It keeps pointers to registry, spec and env,
 * which must outlive it.
 */
#ifndef KVANT_APP_INSTANCE_H
#define KVANT_APP_INSTANCE_H

#include "app/host.h"

typedef struct instance instance;

/* Makes an instance for a stream; shape->size and abi are filled in here, max_rows may be 0. env may be NULL. NULL with
 * a message when the codec refuses the shape or its parameters. */
instance *instance_open(const registry *known, const spec *s, const kvant_shape *shape, const host_env *env, fault *f);

/* Destroys it, in any state. False with a message when the codec left memory behind or released what it never had; the
 * instance is gone then, too. NULL is fine. */
bool instance_close(instance *x, fault *f);

/* Frees the buffers of encode and decode, and with them the encoding: many rows at once leave large ones. */
void instance_drop_buffers(instance *x);

const spec *instance_spec(const instance *x);

/* Rows per block (1: each by itself) and newest rows to be kept from the codec. */
size_t instance_block(const instance *x);
size_t instance_window(const instance *x);

/* Does it serve all kv heads of a layer at once? */
bool instance_pooled(const instance *x);

/* Processor seconds that threads other than its own have spent on it (kvant_host.parallel). */
double instance_helped(const instance *x);

/* Must instance_calibrate come before the first encode? */
bool instance_calibrates(const instance *x);

/* Samples for a codec that calibrates; nothing happens for others. samples->size and abi are filled in here. */
bool instance_calibrate(instance *x, const kvant_samples *samples, fault *f);

/* Encodes n_rows (whole blocks, beginning at a block: positions first ... first+n_rows-1). The bytes belong to the
 * instance and stay until its next encode. */
bool instance_encode(instance *x, size_t first, const float *rows, size_t n_rows, const uint8_t **bytes,
                     size_t *n_bytes, fault *f);

/* Decodes bytes that encode returned for these positions into n_rows x dim f32. On failure `rows` is not touched. */
bool instance_decode(instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows,
                     fault *f);

/* The same without fences and copies, for bytes that are decoded again and again: straight into rows, which are
 * undefined on failure. */
bool instance_decode_into(instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows,
                          fault *f);

/* Does the codec offer attention on its bytes? Then: scores[i*n_rows + r] = <q_i, row_r>, and out[i*dim ...] grows by
 * sum_r weights[i*n_rows + r] row_r. Codes and results are checked, memory is not fenced. [several threads at once on
 * one instance, as long as nothing else uses it] */
bool instance_has_scores(const instance *x);
bool instance_has_mix(const instance *x);
bool instance_scores(const instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                     const float *q, size_t n_q, float *scores, fault *f);
bool instance_mix(const instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                  const float *weights, size_t n_q, float *out, fault *f);

/* Does the codec decode rows on their side, each by itself and into equally many bytes? Then: value i of row r at
 * columns[i*stride + r], n_rows <= stride. What it returns is checked, the values are not: whoever makes scores of them
 * has these checked, n_q queries' `stride` apart, as instance_scores checks its own. [as instance_scores] */
bool instance_has_columns(const instance *x);
bool instance_columns(const instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, float *columns,
                      size_t stride, size_t n_rows, fault *f);
bool instance_check_scores(const instance *x, size_t first, const float *scores, size_t n_q, size_t n_rows,
                           size_t stride, fault *f);

/* Where the n_bytes of an encoding go; the parts add up to n_bytes. */
bool instance_split(instance *x, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, kvant_split *split,
                    fault *f);

/* The side data a decoder needs: *bytes is malloc'd, NULL when there is none (*n_bytes 0). */
bool instance_save(const instance *x, uint8_t **bytes, size_t *n_bytes, fault *f);
bool instance_load(instance *x, const uint8_t *bytes, size_t n_bytes, fault *f);

#endif
