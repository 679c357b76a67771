/* markdown_suite.h - runs of suites in a report as Markdown. */
#ifndef KVANT_APP_PAGE_MARKDOWN_SUITE_H
#define KVANT_APP_PAGE_MARKDOWN_SUITE_H

#include <stdio.h>

#include "app/page/gather.h"

/* A heading and tables for each run of a suite, as many as html_write_suites shows. */
bool markdown_write_suites(FILE *to, const page_set *set, fault *f);

#endif
