/* safetensors_writer.h - a file of named tensors written piece by piece, for more than fits into memory.
 *
 * Names, types and shapes are given first, so that the header and every tensor's place are known; then values come in
 * any order. The file has its name only when it is finished; until then it is PATH.kvant.PID beside it, which a process
 * that is killed outright leaves behind.
 *
 *     safetensors_writer *w = safetensors_create("rows.safetensors", words, tensors, n, &f);
 *     safetensors_put(w, 3, 4096, bytes, 512, &f);         bytes 4096 ... 4607 of tensor 3
 *     safetensors_finish(w, &f);
 *
 * [one thread at a time]
 */
#ifndef KVANT_APP_SAFETENSORS_WRITER_H
#define KVANT_APP_SAFETENSORS_WRITER_H

#include "app/safetensors.h"

typedef struct safetensors_writer safetensors_writer;

/* Of each tensor name, type and dims are read; words as in safetensors_write (NULL: none). A path where something other
 * than a regular file stands is refused. */
safetensors_writer *safetensors_create(const char *path, const char *const *words, const safetensor *tensors, size_t n,
                                       fault *f);

/* Bytes first ... first+n-1 of a tensor; what is never put is zero. */
bool safetensors_put(safetensors_writer *w, size_t tensor, uint64_t first, const void *bytes, size_t n, fault *f);

/* Gives the file its name; what stood there is replaced. w is gone, also on failure. */
bool safetensors_finish(safetensors_writer *w, fault *f);

/* Leaves nothing behind. NULL is fine. */
void safetensors_abandon(safetensors_writer *w);

#endif
