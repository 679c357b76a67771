/* progress.h - how far a long command has come, on stderr.
 *
 * On a terminal one line is redrawn at most ten times a second: label, bar, done/total, percent, rate, time left, note.
 * Elsewhere a plain line is written at the start of each tenth of the work, at most one a second, and at its end, so
 * that a log stays short. Data never goes here.
 *
 *     progress p;
 *     progress_start(&p, stderr, &app->err, "sweep", 40, "runs");
 *     progress_at(&p, 7, "k=q8_0 v=turbo3");
 *     progress_hide(&p);   before anything else is written to the terminal; the next progress_at draws again
 *     progress_end(&p);
 *
 * [one thread at a time]
 */
#ifndef KVANT_APP_PROGRESS_H
#define KVANT_APP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/terminal.h"

typedef struct progress {
    FILE *to;
    const terminal *terminal;
    const char *label, *unit; /* the caller's strings */
    uint64_t done, total;     /* total 0: not known */
    double part;              /* of what is under way, in units: counts in the bar and the time left */
    double started, drawn;    /* seconds of a steady clock */
    int tenth;                /* last tenth written to a log, -1: none */
    bool visible;
} progress;

void progress_start(progress *p, FILE *to, const terminal *t, const char *label, uint64_t total, const char *unit);
void progress_at(progress *p, uint64_t done, const char *note); /* note: what is at work now, or NULL */
void progress_hide(progress *p);
void progress_end(progress *p); /* leaves no line on a terminal; in a log the last tenth is written */

/* The line itself, cut to `width` columns; seconds: time since the start. Returns its bytes. */
size_t progress_line(const progress *p, double seconds, const char *note, int width, char *line, size_t capacity);

/* Seconds as a person says them: "45 s", "3 min 05 s", "2 h 10 min". */
void progress_duration(double seconds, char *text, size_t capacity);

#endif
