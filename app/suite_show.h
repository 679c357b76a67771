/* suite_show.h - what a run of a suite found, as a person reads it: heatmaps, turns, heads.
 *
 *     suite_items items;
 *     suite_items_read(s, run->id, &items, &f);
 *     suite_show(stdout, &app->out, run, &items, false);
 *     suite_items_free(&items);
 *
 * The pictures are drawn into a sheet (app/suite_sheet.h), so that stdout and the lab's screen have the same ones.
 * A plain run has no items, and nothing is written. A suite this file does not know has its items listed.
 */
#ifndef KVANT_APP_SUITE_SHOW_H
#define KVANT_APP_SUITE_SHOW_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "app/suite_items.h"
#include "app/suite_sheet.h"
#include "app/terminal.h"
#include "db/store.h"

/* full: with what was said where it went wrong. */
void suite_show(FILE *to, const terminal *t, const store_run *run, const suite_items *items, bool full);

/* The picture alone, and what is there besides it: what was said, every turn, the worst heads. */
void suite_draw(suite_sheet *to, const store_run *run, const suite_items *items);
void suite_draw_rest(suite_sheet *to, const store_run *run, const suite_items *items);

/* What came out, in one sentence without a full stop, ASCII: "found 36 of the 40 the reference finds". */
enum { SUITE_SUMMARY = 512 };
void suite_summary(const store_run *run, const suite_items *items, char text[SUITE_SUMMARY]);

/* An array; numbers that mean nothing are null. NULL without memory. */
cJSON *suite_show_json(const suite_items *items);

#endif
