/* encode.h - the groups of one encode, on as many threads as the host has for them. */
#ifndef KVANT_PLUGINS_KAKEYA_ENCODE_H
#define KVANT_PLUGINS_KAKEYA_ENCODE_H

#include "plugins/kakeya/kakeya.h"

/* Encodes n_rows rows, whole groups, with c->weights if there are any. Returns the bytes written to out, or an error
 * with a message. */
int64_t kakeya_encode_groups(kakeya *c, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity);

#endif
