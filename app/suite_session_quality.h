/* suite_session_quality.h - a number for how an answer in a working session looks: the published heuristic.
 *
 *     quality = 0.25·min(3·cd, 1) + 0.20·min(2·rel, 1) + 0.20·(1 - min(5·rep, 1)) + 0.15·(code ? 1 : 0.5)
 *             + 0.10·(1 - min(0.3·h, 1)) + 0.10·(list ? 1 : 0.7)
 *
 *     cd    of ten marks of code ("def ", "=>", ...), the part that occurs
 *     rel   of the different words of four letters and more in the prompt, the part that occurs in the answer
 *     rep   1 - different / all sentences of more than 20 characters
 *     code  two code fences (```) or more
 *     h     different phrases that refer to earlier turns
 *     list  a line that begins as a list's does
 *
 * It looks at the surface and knows nothing of truth: what it can see is an answer that falls to pieces. As published
 * it has two defects: an answer without a long sentence counts as wholly repetitive (rep 1), and "- item" is no list.
 * The suite computes it mended (rep 0; `- `, `* ` and `12. ` begin lists); the published form is here to be compared.
 *
 * Text is UTF-8, broken bytes are characters that belong to no word; letters beyond ASCII keep their case.
 */
#ifndef KVANT_APP_SUITE_SESSION_QUALITY_H
#define KVANT_APP_SUITE_SESSION_QUALITY_H

#include <stdbool.h>

#include "base/fault.h"

typedef enum quality_form { QUALITY_MENDED, QUALITY_PUBLISHED } quality_form;

typedef struct quality_parts {
    double code_density, relevance, repetition; /* 0 ... 1 */
    int references;
    bool fenced, list;
} quality_parts;

/* False only without memory. [any thread] */
bool quality_measure(const char *prompt, const char *answer, quality_form form, quality_parts *out, fault *f);

/* The formula: 0.145 ... 1. */
double quality_of(const quality_parts *parts);

#endif
