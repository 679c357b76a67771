/* good_plugins.h - plugins that are as they should be, and one more, in a registry. Include it behind cmocka.h. */
#ifndef KVANT_TESTS_APP_GOOD_PLUGINS_H
#define KVANT_TESTS_APP_GOOD_PLUGINS_H

#include "app/registry.h"

static const char *const good[] = { GOOD_PLUGINS "/exact.so", GOOD_PLUGINS "/block.so", GOOD_PLUGINS "/turbo.so",
                                    GOOD_PLUGINS "/polar.so", GOOD_PLUGINS "/rotate.so" };
enum { N_GOOD = sizeof good / sizeof *good };

static inline registry *loaded(const char *extra)
{
    fault f = { 0 };
    registry *r = registry_create(&f);
    assert_non_null(r);
    for (size_t i = 0; i < N_GOOD; i++)
        if (!registry_load(r, good[i], &f)) fail_msg("%s", f.text);
    if (extra && !registry_load(r, extra, &f)) fail_msg("%s", f.text);
    return r;
}

static inline bool at_once(void *arg)
{
    (void)arg;
    return true;
}

#endif
