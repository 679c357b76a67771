#include "kernels/lanes.h"

#include "kernels/cpu.h"
#include "kernels/half.h"

#if defined(__x86_64__)
extern const lanes lanes_avx2, lanes_avx512;
static const lanes *const levels[] = { NULL, &lanes_avx2, &lanes_avx512 };
#elif defined(__aarch64__)
extern const lanes lanes_neon;
static const lanes *const levels[] = { NULL, &lanes_neon };
#else
static const lanes *const levels[] = { NULL };
#endif

const lanes *lanes_at(int level)
{
    return level >= 0 && level < (int)(sizeof levels / sizeof *levels) && cpu_runs(level) ? levels[level] : NULL;
}

void lanes_round_halves(const lanes *l, const float *x, size_t n, float *out)
{
    enum { PIECE = 512 };
    uint8_t halves[2 * PIECE];
    for (size_t from = 0, some; from < n; from += some) {
        some = n - from < PIECE ? n - from : PIECE;
        if (l && l->narrow(x + from, some, halves) && l->widen(halves, some, out + from)) continue;
        for (size_t i = from; i < from + some; i++)
            out[i] = half_to_float(half_from_float(x[i]));
    }
}
