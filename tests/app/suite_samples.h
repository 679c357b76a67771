/* suite_samples.h - runs of suites that are the same every time, for what shows them. */
#ifndef KVANT_TESTS_APP_SUITE_SAMPLES_H
#define KVANT_TESTS_APP_SUITE_SAMPLES_H

#include "db/store.h"

enum { SAMPLE_ITEMS = 64 };

/* What the items of a suite are like: nothing lost, as a good config and as a bad one has it. */
typedef enum sample_damage { SAMPLE_EXACT, SAMPLE_GOOD, SAMPLE_BAD } sample_damage;

/* Fills `items` (texts are constants) and says how many; 0: there is no such suite. */
size_t sample_items(const char *suite, sample_damage damage, store_item items[SAMPLE_ITEMS]);

/* Items whose every text and number tries to be more than that. */
size_t hostile_items(const char *suite, store_item items[SAMPLE_ITEMS]);

/* Makes `run` a run of the suite: its text, options, score. */
void sample_suite(store_run *run, const char *suite, const store_item *items, size_t n);

#endif
