/* The largest context that fits. */
#include "app/memory.h"

typedef struct bracket {
    int low, high;          /* in steps: low fits, high does not */
    double at_low, at_high; /* what they need */
} bracket;

/* Where a straight line would meet the budget, strictly between the ends; every other time the middle, so that the
 * bracket shrinks whatever the curve is. */
static int next_guess(const bracket *b, double budget, int turn)
{
    int guess = b->low + (b->high - b->low) / 2;
    const double rise = b->at_high - b->at_low;
    if (turn % 3 != 2 && rise > 0) guess = b->low + (int)((b->high - b->low) * ((budget - b->at_low) / rise));
    if (turn % 3 == 1) guess++; /* the last guess may have been the answer: what is behind it shows that */
    if (guess <= b->low) guess = b->low + 1;
    if (guess >= b->high) guess = b->high - 1;
    return guess;
}

bool memory_search(memory_needs needs, void *self, double budget, int step, int most, int *ctx, fault *f)
{
    bracket b = { .high = most / step };
    *ctx = 0;
    if (b.high < 1 || !needs(self, step, &b.at_low, f)) return b.high < 1;
    if (b.at_low > budget) return true;
    b.low = 1;
    if (!needs(self, b.high * step, &b.at_high, f)) return false;
    if (b.at_high <= budget) b.low = b.high;
    for (int turn = 0; b.high - b.low > 1; turn++) {
        const int guess = next_guess(&b, budget, turn);
        double bytes;
        if (!needs(self, guess * step, &bytes, f)) return false;
        if (bytes <= budget) {
            b.low = guess;
            b.at_low = bytes;
        } else {
            b.high = guess;
            b.at_high = bytes;
        }
    }
    *ctx = b.low * step;
    return true;
}

int memory_cells(int ctx, int round)
{
    const int beyond = ctx % round;
    return beyond ? ctx - beyond + round : ctx;
}
