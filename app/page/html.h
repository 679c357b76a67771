/* html.h - the parts of the page. */
#ifndef KVANT_APP_PAGE_HTML_H
#define KVANT_APP_PAGE_HTML_H

#include <stdio.h>

#include "app/page/gather.h"

/* Rows that stand in the page itself; the script shows the rest. */
enum { HTML_ROWS = 500 };

/* page.css, and page_*.js as one script, without a zero at their end (embed.cmake). */
extern const char page_css[], page_js[];
extern const unsigned long page_css_size, page_js_size;

/* The table of runs. */
void html_write_table(FILE *to, const page_set *set);

/* What the script reads: one JSON object. */
void html_write_data(FILE *to, const page_report *r);

#endif
