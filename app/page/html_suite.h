/* html_suite.h - runs of suites in a page: heatmaps, turns, answers. */
#ifndef KVANT_APP_PAGE_HTML_SUITE_H
#define KVANT_APP_PAGE_HTML_SUITE_H

#include <stdio.h>

#include "app/page/gather.h"

/* A section for each run of a suite, SUITES_SHOWN of them at most; nothing for a set of plain runs. */
bool html_write_suites(FILE *to, const page_set *set, fault *f);

#endif
