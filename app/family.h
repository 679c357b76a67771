/* family.h - which family of codecs does most in a config: what colours stand for.
 *
 *     families *f = families_make(known, &why);             the catalog is only read during the call
 *     families_of(f, "rotate(turbo4,seed=2)", "f16")        of turbo4: families_name says "turbo"
 *     families_free(f);
 *
 * It is that of the keys' codec, or of the values' when keys are kept exact; of what is inside all wrappers. Texts are
 * canonical expressions (app/config.h). [one thread at a time]
 */
#ifndef KVANT_APP_FAMILY_H
#define KVANT_APP_FAMILY_H

#include "app/catalog.h"

typedef struct families families;

enum { FAMILY_NONE = -1, FAMILY_LABEL = 48 };

/* known may be NULL: then every codec is one that nobody knows. NULL with a fault without memory. */
families *families_make(const catalog *known, fault *f);
void families_free(families *f); /* NULL is fine */

/* A number from 0 on, or FAMILY_NONE when the codecs are not known. */
int families_of(const families *f, const char *k, const char *v);
const char *families_name(const families *f, int family); /* "" for FAMILY_NONE */

/* The family's name, or where there is none the codec's own. */
void families_label(const families *f, const char *k, const char *v, char label[FAMILY_LABEL]);

#endif
