/* family.h - which family of codecs a run belongs to, for its colour. */
#ifndef KVANT_APP_PAGE_FAMILY_H
#define KVANT_APP_PAGE_FAMILY_H

#include "app/catalog.h"
#include "db/store.h"

enum { FAMILY_NAME = 48 };

/* The family of the codec that does most: the keys', or the values' when keys are kept in f16; of a wrapper, that of
 * the codec inside. known: NULL, or a codec that is not in it: the codec's own name. [any thread] */
void family_of(const catalog *known, const store_run *run, char name[FAMILY_NAME]);

#endif
