/* head_dim.h - the head dimensions that a codec takes, checked and refused in the same words. */
#ifndef KVANT_PLUGINS_HEAD_DIM_H
#define KVANT_PLUGINS_HEAD_DIM_H

#include "kvant/codec.h"

/* KVANT_OK for a multiple of `step` from `least` to `most`, else KVANT_E_SHAPE with a message. */
int head_dim_check(const kvant_host *host, const char *name, const kvant_shape *shape, int least, int most, int step);

/* The same for what kernels/wht.h rotates, with whole bytes of codes: multiples of 16 from `least` to WHT_MAX. */
int head_dim_check_rotated(const kvant_host *host, const char *name, const kvant_shape *shape, int least);

#endif
