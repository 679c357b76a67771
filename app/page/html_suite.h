/* html_suite.h - runs of suites in a page: heatmaps, turns, answers. */
#ifndef KVANT_APP_PAGE_HTML_SUITE_H
#define KVANT_APP_PAGE_HTML_SUITE_H

#include <stdio.h>

#include "app/page/gather.h"

/* A section for each run of a suite, SUITES_SHOWN of them at most; nothing for a set of plain runs. */
bool html_write_suites(FILE *to, const page_set *set, fault *f);

/* The runs that a report shows in full: the k-th of them, counted from 0; NULL: there are no more. *left: how many of
 * the set are not among them. */
enum { SUITES_SHOWN = 24 };
const page_run *page_suite_run(const page_set *set, size_t k, size_t *left);

#endif
