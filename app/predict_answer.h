/* predict_answer.h - the answers of app/predict.h, where codecs may run: in the child, or in a test.
 *
 *     answerer *a = answerer_create(known, &f);              the catalog; plugins are loaded when a config needs them
 *     prediction_question q = { .config = "k=q8_0 v=turbo3", .model = path, .ctx = 512 };
 *     prediction p;
 *     answerer_answer(a, &q, &p);
 *     answerer_destroy(a);
 *
 * Costs are kept by codec, side, head dimension, heads, context and form of keys, so that a line that is typed costs
 * what its last letter changes. [one thread at a time]
 */
#ifndef KVANT_APP_PREDICT_ANSWER_H
#define KVANT_APP_PREDICT_ANSWER_H

#include "app/catalog.h"
#include "app/predict_wire.h"

typedef struct answerer answerer;

/* trying (may be NULL) is told the text of each codec before it runs. */
answerer *answerer_create(const catalog *known, void (*trying)(void *self, const char *codec), void *self, fault *f);
void answerer_destroy(answerer *a); /* NULL is fine */

void answerer_answer(answerer *a, const prediction_question *q, prediction *out);

/* predict_many.c: the same of all that a sweep is given; known as above. */
void answerer_answer_many(answerer *a, const catalog *known, const prediction_question *q, prediction *out);

#endif
