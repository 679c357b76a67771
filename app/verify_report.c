/* Results: as lines from child to front, as a table, as JSON. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/verify.h"
#include "app/wrap.h"

enum { NARROW = 70 }; /* columns: further lines begin under the check's name */

/* ---- lines ---- */

/* One line, written and freed; a line that cannot be made is left out, and its check counts as not ended. */
static void write_line(FILE *to, cJSON *o)
{
    char *text = cJSON_PrintUnformatted(o);
    if (text) fprintf(to, "%s\n", text);
    fflush(to);
    cJSON_free(text);
    cJSON_Delete(o);
}

void verify_write_begins(FILE *to, const char *check)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "begins", check);
    write_line(to, o);
}

static cJSON *result_json(const verify_result *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "check", r->check);
    cJSON_AddStringToObject(o, "outcome", verify_outcome_name(r->outcome));
    cJSON_AddStringToObject(o, "measured", r->measured);
    cJSON_AddStringToObject(o, "expected", r->expected);
    cJSON_AddNumberToObject(o, "seconds", r->seconds);
    return o;
}

void verify_write_result(FILE *to, const verify_result *result)
{
    write_line(to, result_json(result));
}

void verify_write_done(FILE *to)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "done");
    write_line(to, o);
}

static const char *string_of(const cJSON *o, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return s ? s : "";
}

static void take_line(verify_report *r, const cJSON *o)
{
    const char *begins = string_of(o, "begins"), *check = string_of(o, "check"), *outcome = string_of(o, "outcome");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "done"))) r->complete = true;
    if (*begins) snprintf(r->running, sizeof r->running, "%s", begins);
    for (int k = VERIFY_PASS; *check && k <= VERIFY_NA; k++)
        if (strcmp(outcome, verify_outcome_name((verify_outcome)k)) == 0) {
            verify_report_add(r, check, (verify_outcome)k, string_of(o, "measured"), string_of(o, "expected"));
            if (r->n > 0) r->results[r->n - 1].seconds = cJSON_GetNumberValue(cJSON_GetObjectItem(o, "seconds"));
            r->running[0] = '\0';
        }
}

void verify_report_read(verify_report *r, FILE *from)
{
    char line[4096];
    while (fgets(line, sizeof line, from)) {
        cJSON *o = cJSON_Parse(line);
        if (o) take_line(r, o);
        cJSON_Delete(o);
    }
}

void verify_report_add(verify_report *r, const char *check, verify_outcome o, const char *measured,
                       const char *expected)
{
    if (r->n == VERIFY_CHECKS) return;
    verify_result *to = &r->results[r->n++];
    *to = (verify_result){ .outcome = o };
    snprintf(to->check, sizeof to->check, "%s", check);
    snprintf(to->measured, sizeof to->measured, "%s", measured);
    snprintf(to->expected, sizeof to->expected, "%s", expected);
    r->failed += o == VERIFY_FAIL;
    r->not_applicable += o == VERIFY_NA;
}

/* ---- for people and programs ---- */

void verify_report_print(const verify_report *r, FILE *to, const terminal *t, bool failures)
{
    static const terminal_look looks[] = { STYLE_GOOD, STYLE_BAD, STYLE_DIM };
    const int width = t->is_tty ? terminal_width(t) : INT_MAX;
    const int column = width < NARROW ? 8 : 23;
    for (size_t i = 0; i < r->n; i++) {
        const verify_result *one = &r->results[i];
        char text[sizeof one->measured + sizeof one->expected + 16];
        const bool says = one->outcome != VERIFY_NA && one->expected[0];
        if (failures && one->outcome != VERIFY_FAIL) continue;
        snprintf(text, sizeof text, "%s%s%s%s", one->measured, says ? " (expected: " : "", says ? one->expected : "",
                 says ? ")" : "");
        fprintf(to, "  %s%-4s%s  %-14s ", terminal_style(t, looks[one->outcome]), verify_outcome_name(one->outcome),
                terminal_style(t, STYLE_PLAIN), one->check);
        wrap_text(to, text, 23, column, width);
    }
}

cJSON *verify_report_json(const verify_report *r)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < r->n; i++)
        cJSON_AddItemToArray(list, result_json(&r->results[i]));
    return list;
}
