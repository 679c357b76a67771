/* gate.h - measured values in, verdicts out: may a config be used?
 *
 * Each gate is a row of one table, each threshold a row of another (app/gate_thresholds.h), and judging is a pure
 * function of the two:
 *
 *     gate_measures m = gate_measures_none("not measured");
 *     gate_know(&m, GATE_TOP1, 99.2, 98.7, 99.5);
 *     gate_line lines[GATES];
 *     gate_judge(&m, thresholds, lines);          lines[GATE_TOP1].verdict
 *
 * What was not measured is n/a with its reason, never a PASS. A value on the threshold passes. An interval does not
 * change a verdict; where it reaches across the threshold, the line says so. Thresholds: docs/gate.md, where they come
 * from too.
 */
#ifndef KVANT_APP_GATE_H
#define KVANT_APP_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "app/gate_thresholds.h"

typedef enum gate_id {
    GATE_PPL,        /* perplexity's difference, absolute */
    GATE_KLD,        /* nats, mean */
    GATE_TOP1,       /* percent */
    GATE_ATTENTION,  /* cosine of attention's weights, mean over heads */
    GATE_NEEDLE,     /* needles lost */
    GATE_PROMPTS,    /* prompts lost */
    GATE_SESSION,    /* agreement with the reference's session, percent */
    GATE_PROMPT,     /* speed, percent of the reference's */
    GATE_GENERATION, /* the same */
    GATE_FIRST,      /* time to first token, percent of the reference's */
    GATE_BYTES,      /* measured from computed, percent */
    GATE_CEILING,    /* tokens that fit the budget */
    GATE_SETUP,      /* seconds */
    GATES
} gate_id;

/* Of --only and --skip, in files and JSON; and for people. */
const char *gate_name(gate_id g);
const char *gate_title(gate_id g);

/* GATES when there is none of this name. */
gate_id gate_named(const char *name);

enum { GATE_ABOUT = 200 };

typedef struct gate_measure {
    bool asked; /* else nobody wants to hear of it */
    bool known;
    bool failed;            /* the config could not do it: FAIL without a value; about says why */
    double value, lo, hi;   /* lo, hi: its 95 % interval; NaN: none */
    char about[GATE_ABOUT]; /* what belongs to it: "of 27 needles"; or why it is not known */
    long long run;          /* the row it comes from; 0: none */
} gate_measure;

typedef struct gate_measures {
    gate_measure of[GATES];
    double ppl_ref; /* the reference's perplexity, with GATE_PPL */
    double alerts;  /* turns that degraded, with GATE_SESSION */
} gate_measures;

/* All n/a, for this reason. */
gate_measures gate_measures_none(const char *why);

void gate_know(gate_measures *m, gate_id g, double value, double lo, double hi);
/* The config failed where this gate looks; else not known, and why. */
void gate_fail(gate_measures *m, gate_id g, const char *format, ...) __attribute__((format(printf, 3, 4)));
void gate_miss(gate_measures *m, gate_id g, const char *format, ...) __attribute__((format(printf, 3, 4)));
void gate_about(gate_measures *m, gate_id g, const char *format, ...) __attribute__((format(printf, 3, 4)));

typedef enum gate_verdict { GATE_PASS, GATE_WARN, GATE_FAIL, GATE_NA } gate_verdict;

/* "PASS", "WARN", "FAIL", "n/a" */
const char *gate_verdict_word(gate_verdict v);

typedef struct gate_line {
    gate_verdict verdict;
    bool killed;               /* beyond what more could be said about */
    char value[48];            /* as it is told: "99.20 %"; "" with n/a */
    char threshold[64];        /* what was asked: ">= 95 %" */
    char note[2 * GATE_ABOUT]; /* or "" */
} gate_line;

void gate_judge(const gate_measures *m, const double thresholds[GATE_THRESHOLDS], gate_line lines[GATES]);

/* Is the perplexity such that nothing else need be measured? */
bool gate_kills(const gate_measures *m, const double thresholds[GATE_THRESHOLDS]);

typedef struct gate_count {
    int n[GATE_NA + 1];
} gate_count;

gate_count gate_total(const gate_line lines[GATES]);

/* PASS only when something passed and nothing failed; FAIL when one failed; WARN; n/a when nothing could be measured.
 */
gate_verdict gate_overall(const gate_count *c);

#endif
