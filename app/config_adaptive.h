/* config_adaptive.h - the layer-adaptive modes of the TurboQuant fork, as exceptions. Used by app/config.c only.
 *
 *     adaptive=1    keys and values of the first and last 4 layers q8_0
 *     adaptive=2    keys and values of the last 8 layers q8_0
 *     adaptive=5    values of the first and last 2 layers turbo4, of all others turbo2
 *     adaptive=6    values of the last 8 layers turbo4, of all others turbo2
 *     adaptive=7    values of the first and last 2 layers q8_0, of all others turbo2
 *
 * 0 is the config as it is; 3 and 4 were never implemented. In the fork a mode does nothing, and says nothing, unless
 * the keys (1, 2) or the values (5, 6, 7) are turbo2, turbo3 or turbo4, and 5 to 7 put turbo2 where the person had
 * asked for something else. Here the first is a fault, and the canonical text shows what each layer gets. Layers count
 * over attention layers; the fork's raw index protects the wrong ones in hybrid models. The fork has the modes only
 * from 8 layers on.
 */
#ifndef KVANT_APP_CONFIG_ADAPTIVE_H
#define KVANT_APP_CONFIG_ADAPTIVE_H

#include "app/config.h"

/* Puts a mode's codecs under the config's own exceptions, and over its base. at: where the mode stands in the line. */
bool config_adaptive(config *c, const catalog *known, int mode, size_t at, fault *f);

#endif
