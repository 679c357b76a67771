/* riemann.h - riemann_besi: besi's directions, with magnitudes against scales fixed once per group of columns. */
#ifndef KVANT_PLUGINS_BESI_RIEMANN_H
#define KVANT_PLUGINS_BESI_RIEMANN_H

#include "kvant/codec.h"

extern const kvant_codec riemann_besi;

#endif
