/* growth.h - how the time of something grows with its size.
 *
 * A series is one thing at sizes that double: for each the median of repetitions that took turns with the other sizes
 * (processor time of one thread, app/bench_time.h) with an interval that order statistics give, what theory says it
 * costs, and a hash of what was computed, so that no fast wrong answer passes.
 *
 *     growth g = { 0 };
 *     growth_series *s = growth_add(&g, "rows", "rows", "n", &f);   valid until the next growth_add
 *     growth_point_add(s, 1024, 1024, seconds, reps, &f);           size, cost, samples
 *     growth_fit(s);
 *     growth_release(&g);
 *
 * The fit is the slope of log time over log size by least squares over the larger half of the sizes (at least four),
 * where what does not grow weighs least. Its 95 % interval is Student's, from how far the points lie off the line; it
 * knows nothing of a bend, so a curve is only as straight as the picture shows it. What is expected is the same slope
 * of the costs: for n log n or a n + b n^2 it depends on the sizes, and lies between whole numbers. A series grows
 * faster than it should when all of the interval lies more than GROWTH_SLACK above what is expected.
 */
#ifndef KVANT_APP_GROWTH_H
#define KVANT_APP_GROWTH_H

#include "app/metrics.h"
#include "app/registry.h"
#include "app/spec.h"
#include "base/hash.h"

enum { GROWTH_POINTS = 24, GROWTH_NAME = 96, GROWTH_REPS = 6 /* fewer have no 95 % interval of the median */ };
#define GROWTH_SLACK 0.25

typedef struct growth_point {
    double n;
    double cost;           /* in any unit; 0 < cost */
    interval seconds;      /* the median */
    char result[HASH_HEX]; /* of what was computed; "": there is nothing but the time */
} growth_point;

typedef struct growth_series {
    const char *what;                   /* the question it belongs to: "rows" */
    char name[GROWTH_NAME];             /* what is timed: "turbo3, encode" */
    const char *unit;                   /* what n counts: "rows" */
    const char *theory;                 /* "n", "n log n" ... */
    growth_point points[GROWTH_POINTS]; /* n ascending */
    size_t n;
    interval exponent; /* NaN: fewer than two sizes; the ends NaN: fewer than three */
    double expected;
    bool beside;       /* what the others are seen beside, and not judged */
    const char *grows; /* in a word: "linear" */
    bool worse;        /* faster than it should */
} growth_series;

typedef struct growth {
    growth_series *series;
    size_t n, room;
} growth;

growth_series *growth_add(growth *g, const char *what, const char *unit, const char *theory, fault *f);
void growth_release(growth *g);

/* What all points of n series lie within, with their intervals. */
typedef struct growth_bounds {
    double n_lo, n_hi, lo, hi; /* sizes; seconds */
} growth_bounds;
growth_bounds growth_find_bounds(const growth_series *series, size_t n);

/* Adds the next size with its `reps` samples, which are sorted. False past GROWTH_POINTS. */
bool growth_point_add(growth_series *s, double n, double cost, double *seconds, int reps, fault *f);

/* Exponent, expected, grows and worse from the points. [any thread] */
void growth_fit(growth_series *s);

/* Whether its exponent has an interval, and theory something to say of it. */
bool growth_is_judged(const growth_series *s);

/* Laws by name: what n costs. */
typedef enum growth_law { /* slower ones first */
                          GROWTH_CONSTANT,
                          GROWTH_LOG,
                          GROWTH_LINEAR,
                          GROWTH_N_LOG_N,
                          GROWTH_SQUARE,
                          GROWTH_CUBE,
                          GROWTH_POWER /* 2^n */,
                          GROWTH_LAWS
} growth_law;
const char *growth_law_name(growth_law law); /* "1", "log n", "n" ... */
double growth_law_cost(growth_law law, double n);

/* ---- measuring ---- */

typedef struct growth_request {
    const registry *known; /* rows, dim, bits */
    spec *const *codecs;
    size_t n_codecs;
    const char *model;     /* context: a GGUF file */
    const char *directory; /* runs: an empty one, where a database is made */
    double to;             /* the largest size, at most the question's `most`; 0: the question's own */
    int reps;              /* at least GROWTH_REPS */
    uint64_t seed;
    /* Before each step: false stops. what: static or the request's. May be NULL. */
    bool (*at)(void *self, const char *what);
    void *self;
} growth_request;

typedef enum growth_part { GROWTH_CODECS, GROWTH_ENGINE, GROWTH_DATABASE } growth_part; /* whose time it is */

/* The questions, in the order they are asked; NULL at the end. */
typedef struct growth_question {
    const char *name, *of, *x_title; /* "rows"; "what a codec's time is, by rows"; the axis */
    bool (*measure)(const growth_request *r, growth *out, fault *f);
    double to, most; /* the largest size unless it is asked for, and the largest that may be */
    growth_part part;
    bool model; /* it is asked of one */
} growth_question;
extern const growth_question growth_questions[];
const growth_question *growth_question_named(const char *name);
double growth_largest(const growth_request *r, const growth_question *q);

bool growth_rows(const growth_request *r, growth *out, fault *f);
bool growth_dim(const growth_request *r, growth *out, fault *f);
bool growth_bits(const growth_request *r, growth *out, fault *f);
bool growth_context(const growth_request *r, growth *out, fault *f);
bool growth_vocabulary(const growth_request *r, growth *out, fault *f);
bool growth_runs(const growth_request *r, growth *out, fault *f);

/* Takes away what growth_runs leaves in its directory when its process dies. */
void growth_runs_clean(const char *directory);

/* FAULT_INTERRUPTED once the request says stop. */
bool growth_at(const growth_request *r, const char *what, fault *f);

#endif
