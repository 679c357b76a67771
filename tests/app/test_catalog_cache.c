/* The codecs a program remembers: looked for once, again when a file has changed, never waited for by a screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/catalog_cache.h"
#include "base/clock.h"
#include "base/file.h"

static char dir[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/kvant-cache-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void put_plugin(const char *from, const char *name)
{
    char path[256], *bytes;
    size_t n;
    fault f = { 0 };
    snprintf(path, sizeof path, "%s/%s.so", from, name);
    if (!file_read(path, &bytes, &n, &f)) fail_msg("%s", f.text);
    snprintf(path, sizeof path, "%s/%s.so", dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

static catalog_cache *create_with(const char *describer)
{
    const plugin_search where = { NULL, 0, dir, NULL, 0 };
    fault f = { 0 };
    catalog_cache *c = catalog_cache_create(&where, describer, &f);
    assert_non_null(c);
    return c;
}

static catalog_cache *create(void)
{
    return create_with(DESCRIBER);
}

/* What a loop that redraws would see, sooner or later. */
static const catalog *until_known(catalog_cache *c, const char *codec)
{
    const double end = clock_seconds() + 60;
    while (clock_seconds() < end) {
        const catalog *known = catalog_cache_get(c);
        if (known && catalog_find(known, codec)) return known;
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    fail_msg("%s was never found", codec);
    return NULL;
}

static void a_prompt_waits_for_codecs(void **state)
{
    (void)state;
    put_plugin(PLUGINS, "polar");
    catalog_cache *c = create();
    const catalog *known = catalog_cache_get(c);
    assert_non_null(known);
    assert_non_null(catalog_find(known, "polar"));
    assert_ptr_equal(catalog_cache_get(c), known);
    catalog_cache_free(c);
}

static void a_screen_does_not(void **state)
{
    (void)state;
    put_plugin(APP_PLUGINS, "load_hang"); /* takes a scan 5 s */
    put_plugin(PLUGINS, "polar");
    catalog_cache *c = create();
    catalog_cache_begin(c);
    assert_null(catalog_cache_get(c));
    catalog_cache_free(c); /* and does not wait here either: the scan is given up */
}

static void what_a_thread_finds_is_taken_over(void **state)
{
    (void)state;
    put_plugin(PLUGINS, "polar");
    catalog_cache *c = create();
    catalog_cache_begin(c);
    const catalog *known = until_known(c, "polar");
    assert_ptr_equal(catalog_cache_get(c), known);
    catalog_cache_free(c);
}

static void a_new_plugin_is_noticed(void **state)
{
    (void)state;
    put_plugin(PLUGINS, "polar");
    for (int begun = 0; begun < 2; begun++) {
        catalog_cache *c = create();
        if (begun) catalog_cache_begin(c);
        const catalog *known = until_known(c, "polar");
        const char *name = begun ? "kivi" : "tqprod";
        assert_null(catalog_find(known, name));
        put_plugin(PLUGINS, name);
        until_known(c, name);
        catalog_cache_free(c);
    }
}

/* As while the program itself is being replaced by a newer one. */
static void a_scan_that_failed_is_repeated(void **state)
{
    char describer[128];
    (void)state;
    snprintf(describer, sizeof describer, "%s/describer", dir);
    put_plugin(PLUGINS, "polar");
    for (int begun = 0; begun < 2; begun++) {
        catalog_cache *c = create_with(describer);
        assert_null(catalog_cache_get(c)); /* waits: it has failed */
        if (begun) catalog_cache_begin(c);
        assert_int_equal(symlink(DESCRIBER, describer), 0);
        until_known(c, "polar");
        catalog_cache_free(c);
        assert_int_equal(unlink(describer), 0);
    }
}

/* Packages are often built so that all files have one time. */
static void another_file_of_the_same_size_and_time_is_noticed(void **state)
{
    char old[128], new[128];
    struct stat s;
    (void)state;
    const plugin_search where = { NULL, 0, dir, NULL, 0 };
    put_plugin(PLUGINS, "polar");
    snprintf(old, sizeof old, "%s/polar.so", dir);
    snprintf(new, sizeof new, "%s/polar.new", dir);
    char *before = catalog_cache_signature(&where);
    assert_int_equal(stat(old, &s), 0);
    FILE *file = fopen(new, "wb");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), s.st_size), 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, new, (const struct timespec[]){ s.st_atim, s.st_mtim }, 0), 0);
    assert_int_equal(rename(new, old), 0);
    char *after = catalog_cache_signature(&where);
    assert_string_not_equal(before, after);
    free(before);
    free(after);
}

static void a_signature_tells_states_apart(void **state)
{
    (void)state;
    const plugin_search where = { NULL, 0, dir, NULL, 0 };
    char *none = catalog_cache_signature(&where);
    put_plugin(PLUGINS, "polar");
    char *one = catalog_cache_signature(&where), *same = catalog_cache_signature(&where);
    put_plugin(PLUGINS, "kivi");
    char *two = catalog_cache_signature(&where);
    assert_string_equal(none, "");
    assert_string_not_equal(one, none);
    assert_string_equal(one, same);
    assert_string_not_equal(one, two);
    free(none);
    free(one);
    free(same);
    free(two);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIRECTORY(a_prompt_waits_for_codecs),
        WITH_DIRECTORY(a_screen_does_not),
        WITH_DIRECTORY(what_a_thread_finds_is_taken_over),
        WITH_DIRECTORY(a_new_plugin_is_noticed),
        WITH_DIRECTORY(a_scan_that_failed_is_repeated),
        WITH_DIRECTORY(another_file_of_the_same_size_and_time_is_noticed),
        WITH_DIRECTORY(a_signature_tells_states_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
