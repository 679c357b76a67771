/* formats.h - a report, written: one function per format.
 *
 * Each writes all of it and fails without memory only; errors of the stream are the caller's to find.
 */
#ifndef KVANT_APP_PAGE_FORMATS_H
#define KVANT_APP_PAGE_FORMATS_H

#include <stdio.h>

#include "app/page/gather.h"

/* Tables, failures, warnings and commands. pictures: NULL, or the SVG files of the sets, one for each, to be linked. */
bool markdown_write(FILE *to, const page_report *r, const char *const *pictures, fault *f);

/* {"report", "sets": [{"points", "runs"}]}: every column of every run, its layers, and where it stands. */
bool json_write(FILE *to, const page_report *r, fault *f);

/* One page that needs nothing else: styles, script, pictures and data are in it, and it may load nothing. */
bool html_write(FILE *to, const page_report *r, fault *f);

/* A title: the one asked for, or what it is of. To be freed; NULL without memory. */
char *formats_title(const page_report *r);

/* A verdict as people read it, with the star. */
void formats_verdict(FILE *to, const char *verdict);

#endif
