#include "plugins/head_dim.h"

#include "kernels/wht.h"

int head_dim_check(const kvant_host *host, const char *name, const kvant_shape *shape, int least, int most, int step)
{
    if (shape->dim % step == 0 && shape->dim >= least && shape->dim <= most) return KVANT_OK;
    return host->fail(host, KVANT_E_SHAPE, "%s: head dimension %d is not a multiple of %d from %d to %d", name,
                      (int)shape->dim, step, least, most);
}

int head_dim_check_rotated(const kvant_host *host, const char *name, const kvant_shape *shape, int least)
{
    return head_dim_check(host, name, shape, least, WHT_MAX, 16);
}
