/* config_known.h - the configs of a test: its group is set up with set_up and tear_down. Include it behind cmocka.h. */
#ifndef KVANT_TESTS_APP_CONFIG_KNOWN_H
#define KVANT_TESTS_APP_CONFIG_KNOWN_H

#include "app/config.h"
#include "tests/app/known.h"

static catalog *known;

static inline int set_up(void **state)
{
    (void)state;
    known = known_codecs();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    catalog_free(known);
    return 0;
}

static inline config *parse(const char *line)
{
    fault f = { 0 };
    config *c = config_parse(known, line, &f);
    if (!c) fail_msg("%s", f.text);
    return c;
}

#endif
