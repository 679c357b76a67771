/* config.h - the parameters: their table, what they mean together, the table of levels. */
#ifndef KVANT_PLUGINS_KAKEYA_CONFIG_H
#define KVANT_PLUGINS_KAKEYA_CONFIG_H

#include "plugins/kakeya/kakeya.h"

extern const kvant_param kakeya_params[] __attribute__((visibility("hidden")));

/* Fills c->config, c->table and c->directions. KVANT_OK or an error with a message. */
int kakeya_configure(kakeya *c, const kvant_value *values);

/* The table's levels: 2^bits, finite. False, and nothing changed, when they are not ascending or lie too close. */
bool kakeya_set_table(kakeya *c, const float *level);

#endif
