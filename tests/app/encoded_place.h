/* encoded_place.h - models, codecs and rows for tests of a cache as bytes. */
#ifndef KVANT_TESTS_ENCODED_PLACE_H
#define KVANT_TESTS_ENCODED_PLACE_H

#include "app/calibration.h"
#include "app/encoded.h"
#include "app/registry.h"

enum { CTX = 1100, DIM = 32 };

typedef struct place {
    model *model;
    engine *engine;
    registry *known;
    host_env env;
    char id[HASH_HEX];
    char file[64]; /* the calibration */
    calibration *calibration;
    float *k, *v, *q; /* of one layer */
} place;

/* Made by set_up: a model, and one whose layers have windows. */
extern place llama, gemma;
int set_up(void **state);
int set_up_with_shifts(void **state); /* and the codecs of tests/app/plugins/shifts.c */
int tear_down(void **state);

void open_place(place *p, const char *file, int threads);
void close_place(place *p);

/* A config on a cache of n positions, of which one layer is used. */
typedef struct subject {
    const place *p;
    config *config;
    encoded *cache;
    int layer, n;
    const rope_table *rope;
} subject;

subject open_subject(const place *p, const char *text, int layer, int n);
void close_subject(subject *s);

/* What a compressor or an encoded cache is opened with. */
compress_request request_of(const place *p, const config *c, int n);

/* What all queries see when rows come in pieces; the caller frees it. */
float *attend(const subject *s, int piece);

#endif
