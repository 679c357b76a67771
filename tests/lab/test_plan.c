/* A plan is what was written, or it is refused with the line that is wrong. */
#include "app/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"

static char path[] = "/tmp/kvant-plan-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static plan example(void)
{
    static const char *const configs[] = { "q8_0", "k=q8_0 v=turbo3", "polar(bits=2) @0-1,-2..-1:q8_0", "turbo4" };
    plan p = { .protocol = PROTOCOL_STREAM, .ctx = 512, .passages = 32, .at_most = true, .seed = 9007199254740992u };
    fault f = { 0 };
    strcpy(p.version, "0.1.0");
    strcpy(p.engine, "0123456789abcdef");
    memset(p.model_hash, 'a', HASH_HEX - 1);
    memset(p.text_hash, 'b', HASH_HEX - 1);
    strcpy(p.model_name, "m.gguf");
    strcpy(p.model_path, "/models/m \"quoted\" \xC3\xA4.gguf");
    strcpy(p.text_name, "t.txt");
    strcpy(p.text_path, "/t.txt");
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        assert_true(plan_add(&p, configs[i], &f));
    return p;
}

static void a_plan_is_the_same_after_its_journey(void **state)
{
    (void)state;
    plan a = example(), b;
    fault f = { 0 };
    assert_true(plan_write(&a, path, &f));
    if (!plan_read(&b, path, &f)) fail_msg("%s", f.text);
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++)
        assert_string_equal(a.configs[i], b.configs[i]);
    assert_string_equal(a.model_path, b.model_path);
    assert_string_equal(a.model_hash, b.model_hash);
    assert_string_equal(a.text_hash, b.text_hash);
    assert_string_equal(a.text_path, b.text_path);
    assert_true(a.ctx == b.ctx && a.passages == b.passages && a.at_most == b.at_most && a.seed == b.seed && !b.self);
    plan_free(&a);
    plan_free(&b);
}

/* The documented text, hashed by sha256sum(1). */
static void a_cells_hash_is_that_of_the_documented_text(void **state)
{
    (void)state;
    plan p = { .protocol = PROTOCOL_SNAPSHOT, .self = true, .ctx = 64, .eval = 17, .passages = 4, .seed = 1 };
    memset(p.model_hash, 'a', HASH_HEX - 1);
    char id[HASH_HEX], command[512], expected[HASH_HEX] = "";
    plan_cell_id(&p, "q8_0", id);
    snprintf(command, sizeof command,
             "printf %%s '{\"at_most\":false,\"calibration\":\"\",\"config\":\"q8_0\",\"ctx\":64,\"eval\":17,"
             "\"model\":\"%s\",\"passages\":4,\"protocol\":\"snapshot\",\"seed\":1,\"text\":\"self\"}' | sha256sum",
             p.model_hash);
    FILE *sum = popen(command, "r");
    assert_non_null(sum);
    assert_int_equal(1, fscanf(sum, "%64s", expected));
    pclose(sum);
    assert_string_equal(expected, id);
}

/* Whatever defines a cell changes its hash; where files are does not. */
static void a_cells_hash_covers_what_defines_it(void **state)
{
    (void)state;
    plan p = example();
    char id[16][HASH_HEX];
    int n = 0;
    plan_cell_id(&p, "q8_0", id[n++]);
    plan_cell_id(&p, "q4_0", id[n++]);
#define VARIED(field, value)                                                                                           \
    do {                                                                                                               \
        plan q = p;                                                                                                    \
        q.field = value;                                                                                               \
        plan_cell_id(&q, "q8_0", id[n++]);                                                                             \
    } while (0)
    VARIED(model_hash[3], 'c');
    VARIED(text_hash[3], 'c');
    VARIED(self, true);
    VARIED(protocol, PROTOCOL_SNAPSHOT);
    VARIED(ctx, 1024);
    VARIED(eval, 64);
    VARIED(passages, 31);
    VARIED(at_most, false);
    VARIED(seed, 2);
    VARIED(calibration[0], 'd');
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(id[i], id[j]) == 0) fail_msg("%d and %d have one hash", j, i);
    VARIED(model_path[0], 'x');
    VARIED(version[0], 'x');
    assert_string_equal(id[0], id[n - 2]);
    assert_string_equal(id[0], id[n - 1]);
    plan_free(&p);
}

/* ---- plans that are none ---- */

typedef struct text {
    char bytes[8192];
    size_t n;
} text;

static text written(void)
{
    plan p = example();
    fault f = { 0 };
    assert_true(plan_write(&p, path, &f));
    plan_free(&p);
    char *bytes;
    text t = { 0 };
    assert_true(file_read(path, &bytes, &t.n, &f));
    assert_true(t.n < sizeof t.bytes);
    memcpy(t.bytes, bytes, t.n);
    free(bytes);
    return t;
}

static void refused(const text *t, const char *says)
{
    plan p;
    fault f = { 0 };
    assert_true(file_write(path, t->bytes, t->n, &f));
    if (plan_read(&p, path, &f)) fail_msg("taken; expected \"%s\"", says);
    plan_free(&p);
    assert_int_equal(FAULT_INPUT, f.code);
    if (!strstr(f.text, says) || !strstr(f.text, path)) fail_msg("no \"%s\" in: %s", says, f.text);
}

static void replace(text *t, const char *old, const char *new)
{
    char *at = strstr(t->bytes, old);
    assert_non_null(at);
    const size_t o = strlen(old), n = strlen(new), rest = t->n - (size_t)(at - t->bytes) - o;
    assert_true(t->n - o + n < sizeof t->bytes);
    memmove(at + n, at + o, rest + 1);
    memcpy(at, new, n);
    t->n = t->n - o + n;
}

static void what_was_changed_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new, *says;
    } rows[] = {
        { "\"config\":\"turbo4\"", "\"config\":\"turbo3\"", ":5: the cell" },
        { "\"ctx\":512", "\"ctx\":256", ":2: the cell" },
        { "\"seed\":9007199254740992", "\"seed\":1", ":2: the cell" },
        { "\"kvant_plan\":1", "\"kvant_plan\":2", ":1: a plan of version 2" },
        { "\"kvant_plan\":1,", "", ":1: not the header of a plan" },
        { "\"cells\":4", "\"cells\":3", ":5: one cell more than the 3" },
        { "\"cells\":4", "\"cells\":5", ":5: the end, after 4 cells; the header announces 5" },
        { "\"cells\":4", "\"cells\":1e18", ":1: \"cells\"" },
        { "\"cells\":4", "\"cells\":-1", ":1: \"cells\"" },
        { "\"ctx\":512", "\"ctx\":512.5", ":1: \"ctx\"" },
        { "\"ctx\":512", "\"ctx\":\"512\"", ":1: \"ctx\"" },
        { "\"passages\":32", "\"passages\":0", ":1: \"passages\"" },
        { "\"eval\":0", "\"eval\":64", ":1: \"eval\"" },
        { "\"stream\"", "\"dream\"", "\"dream\"" },
        { "\"kind\":\"file\"", "\"kind\":\"pipe\"", "\"pipe\"" },
        { "\"at_most\":true", "\"at_most\":1", ":1: \"at_most\"" },
        { "aaaa", "AAAA", ":1: \"hash\" is no SHA-256" },
        { "aaaa", "aaa", ":1: \"hash\" is no SHA-256" },
        { "\"calibration\":\"\"", "\"calibration\":\"x\"", ":1: \"calibration\"" },
        { "\"cell\":", "\"call\":", ":2: \"cell\" is missing" },
        { "}\n{\"cell\"", "}\n\n{\"cell\"", ":2: an empty line" },
        { "}\n{\"cell\"", "} x\n{\"cell\"", ":1: not one JSON object" },
        { "}\n{\"cell\"", "}\r\n{\"cell\"", ":1: a carriage return" },
        { "{\"kvant_plan\"", "[{\"kvant_plan\"", ":1: not one JSON object" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text t = written();
        replace(&t, rows[i].old, rows[i].new);
        refused(&t, rows[i].says);
    }
}

/* Cut anywhere, a plan is no plan. */
static void a_plan_cut_short_is_refused(void **state)
{
    (void)state;
    const text whole = written();
    for (size_t n = 0; n < whole.n; n += n < 40 || n > whole.n - 40 ? 1 : 17) {
        text t = whole;
        t.n = n;
        refused(&t, "");
    }
    text t = whole;
    t.n--;
    refused(&t, ":5: cut short: no newline");
    t.n = 0;
    refused(&t, "empty, not a plan");
}

static void a_cell_that_is_there_twice_is_refused_with_both_lines(void **state)
{
    (void)state;
    plan p = example();
    fault f = { 0 };
    assert_true(plan_add(&p, "k=q8_0 v=turbo3", &f));
    assert_true(plan_write(&p, path, &f));
    plan_free(&p);
    assert_false(plan_read(&p, path, &f));
    plan_free(&p);
    assert_non_null(strstr(f.text, ":6: k=q8_0 v=turbo3 is there already, on line 3"));
}

static void a_zero_byte_is_refused(void **state)
{
    (void)state;
    text t = written();
    t.bytes[t.n - 4] = '\0';
    refused(&t, ":5: a zero byte");
}

/* Any byte changed: refused or, where it is told but not hashed (a path, a name), read; never worse. */
static void no_change_of_a_byte_does_harm(void **state)
{
    (void)state;
    const text whole = written();
    for (size_t i = 0; i < whole.n; i++) {
        text t = whole;
        t.bytes[i] = (char)(t.bytes[i] ^ (1 << (i % 7)));
        fault f = { 0 };
        plan p;
        assert_true(file_write(path, t.bytes, t.n, &f));
        if (plan_read(&p, path, &f)) assert_int_equal(4, p.n);
        plan_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_the_same_after_its_journey),
        cmocka_unit_test(a_cells_hash_is_that_of_the_documented_text),
        cmocka_unit_test(a_cells_hash_covers_what_defines_it),
        cmocka_unit_test(what_was_changed_is_refused_with_its_line),
        cmocka_unit_test(a_plan_cut_short_is_refused),
        cmocka_unit_test(a_cell_that_is_there_twice_is_refused_with_both_lines),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(no_change_of_a_byte_does_harm),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
