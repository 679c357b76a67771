/* bench_whole.h - a prompt, generation and generation behind a long text by a whole reference engine, beside kvant's.
 *
 *     whole_bench *b = whole_bench_open(library, &work, reps, &f);
 *     whole_bench_turn(b, AGAINST_PROMPT, rep, &f);                   each part in each repetition
 *     whole_bench_check(b, crew, logits, &f);                         after the first: it computes the same model
 *     whole_bench_compare(b, prompt, generation, depth, &f);          kvant's tokens a second, in the same order
 *     whole_bench_print(b, to, &f);
 *     whole_bench_close(b);
 *
 * [main thread]
 */
#ifndef KVANT_APP_BENCH_WHOLE_H
#define KVANT_APP_BENCH_WHOLE_H

#include "app/against_engine.h"
#include "app/figures.h"

/* An engine whose logits are further than this from kvant's, in nats, computes another model. Activations of 8 bits
 * are 3e-4 away on the default model and, where 24 layers of random weights magnify them, 0.3. */
#define WHOLE_BENCH_MOST_KLD 1.0

typedef struct whole_bench whole_bench;

whole_bench *whole_bench_open(const against *a, const against_work *work, int reps, fault *f);
void whole_bench_close(whole_bench *b);

bool whole_bench_turn(whole_bench *b, against_part part, int rep, fault *f);

/* logits: kvant's behind the same prompt. */
bool whole_bench_check(whole_bench *b, pool *crew, const float *logits, fault *f);

/* One figure for each repetition, in the order of the turns. */
bool whole_bench_compare(whole_bench *b, const double *prompt, const double *generation, const double *depth, fault *f);

bool whole_bench_print(const whole_bench *b, const terminal *to, fault *f);

/* Members "against" and "reference_engine". */
void whole_bench_put(cJSON *json, const whole_bench *b);

#endif
