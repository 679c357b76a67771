/* difference.h - two runs of one comparable set, side by side.
 *
 * What is a matter of chance (the metrics that blocks tell of) is compared pairwise and with an interval (paired.h);
 * what is not (bytes, ratio) is just the two numbers.
 *
 *     difference d;
 *     if (difference_make(s, 12, 13, &d, &f)) ... d.metrics[0].between, difference_verdict(&d.metrics[0])
 *     difference_release(&d);
 */
#ifndef KVANT_APP_DIFFERENCE_H
#define KVANT_APP_DIFFERENCE_H

#include "app/paired.h"
#include "db/store.h"

enum { DIFFERENCE_METRICS = 4 };

typedef struct difference_metric {
    const store_metric *metric;
    double a, b;      /* as stored, with their signs */
    interval between; /* b minus a, 95 % */
} difference_metric;

typedef struct difference {
    store_run *a, *b;
    store_layer *layers[2];
    size_t n_layers[2];
    difference_metric metrics[DIFFERENCE_METRICS]; /* kld, dppl, top1, rms_dp */
} difference;

/* Runs that are not of one comparable set: FAULT_INPUT, naming each column that differs and both values. The same for a
 * run that failed. On a fault there is nothing to release. */
bool difference_make(store *s, int64_t a, int64_t b, difference *d, fault *f);
void difference_release(difference *d);

typedef enum difference_answer {
    DIFFERENCE_ALIKE,    /* the interval holds zero: they cannot be told apart */
    DIFFERENCE_A,        /* a is better */
    DIFFERENCE_B,        /* b is better */
    DIFFERENCE_OPPOSITE, /* they differ, to either side of zero: a metric counted without its sign says nothing then */
} difference_answer;
difference_answer difference_verdict(const difference_metric *m);

#endif
