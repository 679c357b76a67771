/* place.h - an empty directory for each test, and runs to put into a store. */
#ifndef KVANT_TESTS_STORE_PLACE_H
#define KVANT_TESTS_STORE_PLACE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <cmocka.h>

#include "db/store.h"

enum { PLACE_LAYERS = 4, PLACE_BLOCKS = 12 };

typedef struct place {
    char dir[64];
    char db[80]; /* dir/kvant.db; not made */
} place;

/* cmocka setup and teardown: *state is a place. */
int place_open(void **state);
int place_close(void **state);

/* The store of the place, to be written; a fault fails the test. */
store *writer(void **state);

/* A whole finished run; its config is "turbo4" unless told otherwise. Its strings are constants or the caller's. */
store_run sample_run(const char *config);
store_run failed_run(const char *config);

/* Its parts, all numbers different. n_layers: 2 x PLACE_LAYERS; n_blocks: PLACE_BLOCKS. */
void sample_parts(store_layer layers[2 * PLACE_LAYERS], store_block blocks[PLACE_BLOCKS]);

/* Adds a run with its parts; a fault fails the test. */
int64_t add(store *s, const store_run *run);

/* The integer a query gives. */
int64_t ask(store *s, const char *sql);

#endif
