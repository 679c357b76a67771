/* The check `attention` of `kvant verify`: codecs that attend without decoding pass it, and each fault is found in its
 * own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/verify.h"

static void on_begin(void *arg, const char *check)
{
    (void)arg, (void)check;
}

static void on_end(void *arg, const verify_result *result)
{
    if (strcmp(result->check, "attention") == 0) *(verify_result *)arg = *result;
}

/* What the check says of a codec in a file. */
static verify_result attention_of(const char *file, const char *text)
{
    fault f = { 0 };
    verify_result result = { 0 };
    const verify_listener to = { on_begin, on_end, &result };
    registry *r = registry_create(&f);
    if (!r || !registry_load(r, file, &f)) fail_msg("%s", f.text);
    spec *s = spec_parse(registry_catalog(r), text, &f);
    if (!s) fail_msg("%s", f.text);
    verify_run(r, s, true, &to);
    spec_free(s);
    registry_destroy(r);
    return result;
}

static void codecs_keep_the_rules(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
        verify_outcome outcome;
    } cases[] = {
        { PLUGINS "/exact.so", "f16", VERIFY_PASS },
        { PLUGINS "/exact.so", "identity", VERIFY_NA },
        { PLUGINS "/block.so", "q8_0", VERIFY_PASS },
        { PLUGINS "/block.so", "q4_0", VERIFY_PASS },
        { PLUGINS "/block.so", "q5_0", VERIFY_NA },
        { PLUGINS "/turbo.so", "turbo3", VERIFY_PASS },
        { PLUGINS "/turbo.so", "turbo4", VERIFY_PASS },
        { PLUGINS "/polar.so", "polar", VERIFY_PASS },
        { BAD "/misattend_sound.so", "misattend_sound", VERIFY_PASS },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const verify_result r = attention_of(cases[i].file, cases[i].text);
        if (r.outcome != cases[i].outcome || !r.measured[0]) fail_msg("%s: %s", cases[i].text, r.measured);
    }
}

static void each_fault_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *says;
    } cases[] = {
        { "crowd", "alone" },
        { "seam", "are asked for first" },
        { "set", "mix is off" },
        { "eager", "weights of 0 adds" },
        { "trust", "of which the last is missing" },
        { "mute", "refuses short bytes with" },
        { "past", "scores wrote past its results" },
        { "norm", "scores is off" },
        { "share", "two threads at once" },
        { "tilt", "decode gives" },
        { "wide", "decode_columns wrote past" },
        { "deaf", "decode_columns takes bytes of which the last is missing" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[1024], name[64];
        snprintf(file, sizeof file, "%s/misattend_%s.so", BAD, cases[i].fault);
        snprintf(name, sizeof name, "misattend_%s", cases[i].fault);
        const verify_result r = attention_of(file, name);
        if (r.outcome != VERIFY_FAIL || !strstr(r.measured, cases[i].says)) fail_msg("%s: %s", name, r.measured);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs_keep_the_rules),
        cmocka_unit_test(each_fault_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
