/* offline_plugins.h - codecs for stored rows: the group is set up with load_plugins and drop_plugins. Include it behind
 * cmocka.h. */
#ifndef KVANT_TESTS_APP_OFFLINE_PLUGINS_H
#define KVANT_TESTS_APP_OFFLINE_PLUGINS_H

#include "app/registry.h"
#include "app/spec.h"

enum { D = 32 }; /* of a head */

static registry *known;

static inline int load_plugins(void **state)
{
    (void)state;
    static const char *const files[] = { PLUGINS "/exact.so",      PLUGINS "/block.so",     TEST_PLUGINS "/blocky.so",
                                         APP_PLUGINS "/shifts.so", APP_PLUGINS "/tells.so", APP_PLUGINS "/learns.so" };
    fault f = { 0 };
    known = registry_create(&f);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!registry_load(known, files[i], &f)) fail_msg("%s", f.text);
    return 0;
}

static inline int drop_plugins(void **state)
{
    (void)state;
    registry_destroy(known);
    return 0;
}

static inline spec *parse(const char *text)
{
    fault f = { 0 };
    spec *s = spec_parse(registry_catalog(known), text, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

#endif
