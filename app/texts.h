/* texts.h - each text once, with a number.
 *
 *     int32_t i = texts_keep(t, "turbo4");      0, 1, 2 ... in the order they first came; the same text, the same
 * number texts_at(t, i)                            stays where it is until texts_free
 *
 * [one thread at a time]
 */
#ifndef KVANT_APP_TEXTS_H
#define KVANT_APP_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

typedef struct texts texts;

texts *texts_create(fault *f);
void texts_free(texts *t); /* NULL is fine */

/* -1: out of memory. */
int32_t texts_keep(texts *t, const char *text);
const char *texts_at(const texts *t, int32_t i);
int32_t texts_n(const texts *t);

#endif
