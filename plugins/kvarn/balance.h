/* balance.h - factors that make the standard deviations of a matrix's lines and columns alike.
 *
 * Sinkhorn's alternation on variances, in logarithms: divide every column by the deviation of its values, then every
 * line by that of its own, and again. A deviation is that of a sample (n - 1) and held within 1e-3 … 1e3; the logarithm
 * of a factor is held within -0.3 … 10, so that factors do not run away where values are nearly constant. Kept is the
 * iterate whose imbalance, max/min of the columns' deviations + max/min of the lines', is least; of equals the last;
 * the start, all factors 1, counts as one. KVarN, arXiv 2606.03458.
 */
#ifndef KVANT_PLUGINS_KVARN_BALANCE_H
#define KVANT_PLUGINS_KVARN_BALANCE_H

#include <stddef.h>

#include "kernels/loops.h"

#define BALANCE_LOG_MIN (-0.3)
#define BALANCE_LOG_MAX 10.0

/* Doubles of work space for a matrix of lines + columns = n. */
#define BALANCE_ROOM(n) (5 * (size_t)(n))

/* The factors by which columns are to be divided; they lie in `room` (BALANCE_ROOM doubles). l: of any
 * level, the result is the same. matrix: lines x columns, at least 2 of each, finite. Sums in f64, in one order. Cost:
 * 2·lines·columns·iterations multiply-adds. [any thread, with its own room] */
const double *balance_columns(const loops *l, const float *matrix, size_t lines, size_t columns, int iterations,
                              double *room);

#endif
