/* Configs as they are typed on a command's line. */
#include "app/profile.h"

#include <stdlib.h>
#include <string.h>

bool profile_expand(app_context *app, const command_line *line, const char *text, char **out, fault *f)
{
    if (!profile_named_in(text)) {
        *out = strdup(text);
        return *out || fault_memory(f, "a config");
    }
    store *s = store_open(app_database(app, line), STORE_READ, f);
    bool ok = s && profile_expand_from(s, text, out, f);
    store_close(s);
    return ok;
}

config *profile_config(app_context *app, const command_line *line, const catalog *known, const char *text, fault *f)
{
    char *expanded;
    if (!profile_expand(app, line, text, &expanded, f)) return NULL;
    config *c = config_parse(known, expanded, f);
    free(expanded);
    return c;
}
