/* verify.h - does a codec keep the promises of include/kvant/codec.h?
 *
 * A battery of checks, each with a result, what was measured and what was expected. It runs codec code, so it belongs
 * into a child (`kvant verify-child`), which tells its results line by line; a codec that crashes or hangs fails the
 * check that was running. app/cmd_verify.c is the front.
 *
 *     verify_run(known, s, false, &listener);          in the child
 *     verify_report_read(&report, file);               in the front
 */
#ifndef KVANT_APP_VERIFY_H
#define KVANT_APP_VERIFY_H

#include <stdio.h>

#include "app/registry.h"
#include "app/shelf.h"
#include "app/spec.h"
#include "app/terminal.h"

typedef enum verify_outcome { VERIFY_PASS, VERIFY_FAIL, VERIFY_NA } verify_outcome;

/* "pass", "fail", "n/a". */
const char *verify_outcome_name(verify_outcome o);

typedef struct verify_result {
    char check[24];
    verify_outcome outcome;
    char measured[256], expected[160];
    double seconds;
} verify_result;

/* ---- the child ---- */

typedef struct verify_listener {
    void (*begins)(void *arg, const char *check);
    void (*ended)(void *arg, const verify_result *result);
    void *arg;
} verify_listener;

/* Runs the battery over one expression whose plugins are loaded; quick: without the checks that sweep parameters and
 * dimensions. True when none failed. [one thread; starts others for a moment] */
bool verify_run(const registry *known, const spec *s, bool quick, const verify_listener *to);

/* The names of the checks, in order, NULL past the end. */
const char *verify_check_name(size_t i);

/* ---- results as lines and back (app/verify_report.c) ---- */

enum { VERIFY_CHECKS = 40 };

typedef struct verify_report {
    verify_result results[VERIFY_CHECKS];
    size_t n, failed, not_applicable;
    char running[24]; /* a check that began and did not end; "" */
    bool complete;    /* the last line was read */
} verify_report;

/* What a child writes, a JSON object per line: {"begins":CHECK}, {"check","outcome","measured","expected","seconds"},
 * {"done"}. */
void verify_write_begins(FILE *to, const char *check);
void verify_write_result(FILE *to, const verify_result *result);
void verify_write_done(FILE *to);

/* Takes the lines of a child; lines that are not its own are passed over. */
void verify_report_read(verify_report *r, FILE *from);

/* Adds a result that no child wrote: of a check that the codec did not survive, of a plugin that cannot be loaded. */
void verify_report_add(verify_report *r, const char *check, verify_outcome o, const char *measured,
                       const char *expected);

/* One line per check, for people, wrapped at the terminal's width; failures: only the checks that failed. */
void verify_report_print(const verify_report *r, FILE *to, const terminal *t, bool failures);
cJSON *verify_report_json(const verify_report *r);

/* ---- what is known of a codec from before (app/verify_kept.c) ---- */

typedef enum verify_standing { VERIFY_UNKNOWN, VERIFY_PASSED, VERIFY_FAILED } verify_standing;

/* Kept on the shelf (the cache directory) under the codec's name, its plugin file's SHA-256 and this kvant's version: a
 * changed file is unknown again. */
typedef struct verify_kept {
    verify_standing standing;
    int64_t when;    /* seconds since 1970 */
    char first[256]; /* the first failure: "scale: ..."; "" */
} verify_kept;

void verify_kept_get(const shelf *s, const catalog_codec *codec, verify_kept *kept);
bool verify_kept_put(const shelf *s, const catalog_codec *codec, const verify_kept *kept, fault *f);

#endif
