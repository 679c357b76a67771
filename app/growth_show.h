/* growth_show.h - how cost grows, for a person and as JSON. */
#ifndef KVANT_APP_GROWTH_SHOW_H
#define KVANT_APP_GROWTH_SHOW_H

#include <stdio.h>

#include "app/growth.h"
#include "app/terminal.h"

/* For each question its picture (unless !plots) and its times; then all fits in one table, and what they amount to. */
bool growth_print(const growth *g, int reps, bool plots, const terminal *to, fault *f);
bool growth_print_json(const growth *g, int reps, fault *f);

/* How many series grow faster than they should. */
size_t growth_n_worse(const growth *g);

/* The series of one question lie beside each other: how many, from the first on. */
size_t growth_n_of_question(const growth *g, size_t first);

/* "12.3 us", to so many digits. */
enum { GROWTH_TIME = 24 };
void growth_time_text(double seconds, int digits, char text[GROWTH_TIME]);
/* A size: "64", "8k" (8192), "12.8k" would mislead, so "12800". */
void growth_size_text(double n, char text[GROWTH_TIME]);

/* A log-log picture of n series: a letter for each at its points, lines between them. */
typedef struct growth_picture {
    int width, height; /* columns and lines of the whole */
    bool utf8, color;
    const char *x_title;
} growth_picture;
bool growth_plot(FILE *to, const growth_series *series, size_t n, const growth_picture *as, fault *f);

#endif
