/* config_text.h - the canonical text of a config. Used by app/config.c only.
 *
 * For each stream an exception puts a codec on layers named from the front, on middles, and on layers named from the
 * end; of one name only the last codec counts, and within an exception the middles come last. A middle over all layers,
 * 0..-1, is a new base. What is left must keep its order only where a middle meets another name that may be the same
 * layer: each name gets a level, one more than the highest of the earlier names it must follow. (Foata's normal form of
 * a trace: the same for every order that means the same.) Level by level, names with the same pair of codecs for k and
 * v become one exception.
 */
#ifndef KVANT_APP_CONFIG_TEXT_H
#define KVANT_APP_CONFIG_TEXT_H

#include "app/config.h"

/* The caller frees it; NULL with a message when out of memory. */
char *config_text(const config *c, fault *f);

#endif
