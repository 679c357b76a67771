/* bench_products_show.h - the products of a token beside a reference library's, as bench --engine --against shows them.
 *
 * over_theirs: whole generation over the library's products alone; .value 0: not to be had.
 */
#ifndef KVANT_APP_BENCH_PRODUCTS_SHOW_H
#define KVANT_APP_BENCH_PRODUCTS_SHOW_H

#include "app/bench_products.h"
#include "app/figures.h"

bool products_print(const products_bench *b, int reps, interval over_theirs, const terminal *to, fault *f);

/* Members "against", "products_of_a_token" and "generation_over_reference". */
bool products_put(cJSON *json, const products_bench *b, int reps, interval over_theirs, fault *f);

#endif
