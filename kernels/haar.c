#include "kernels/haar.h"

#include "kernels/linalg.h"
#include "kernels/random.h"

bool haar_matrix(size_t n, uint64_t seed, double *out)
{
    for (size_t i = 0; i < n * n; i++)
        out[i] = random_normal(seed, i);
    return linalg_orthonormal(out, n, n);
}
