#include "app/catalog_read.h"

#include <stdlib.h>
#include <string.h>

void catalog_reader_free(catalog_reader *r)
{
    free(r->loading);
    r->loading = NULL;
}

static const char *text_of(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

static bool read_problem(catalog_reader *r, const cJSON *o, const char *fallback, fault *f)
{
    const char *path = text_of(o, "path"), *reason = text_of(o, "reason");
    if (!path) path = fallback;
    if (!path || !reason) return fault_set(f, FAULT_INPUT, "a problem without path or reason");
    return catalog_add_problem(r->into, path, reason, f);
}

static bool read_plugin(catalog_reader *r, const cJSON *o, fault *f)
{
    const cJSON *codecs = cJSON_GetObjectItemCaseSensitive(o, "codecs"), *item;
    const cJSON *problems = cJSON_GetObjectItemCaseSensitive(o, "problems");
    if (!cJSON_IsArray(codecs) || !cJSON_IsArray(problems))
        return fault_set(f, FAULT_INPUT, "a plugin without lists of codecs and problems");
    cJSON_ArrayForEach(item, codecs)
    {
        catalog_codec *codec = catalog_codec_from_json(item, f);
        if (!codec || !catalog_add(r->into, codec, f)) return false;
    }
    cJSON_ArrayForEach(item, problems) if (!read_problem(r, item, r->loading, f)) return false;
    return true;
}

static bool read_event(catalog_reader *r, const cJSON *o, fault *f)
{
    const char *name = text_of(o, "event"), *path = text_of(o, "path");
    if (!name) return fault_set(f, FAULT_INPUT, "a line without an event");
    if (strcmp(name, "done") == 0 && !r->loading) {
        r->done = true;
        return true;
    }
    if (strcmp(name, "loading") == 0 && path && !r->loading) {
        r->loading = strdup(path);
        return r->loading ? true : fault_memory(f, "the catalog");
    }
    if (!path || !r->loading || strcmp(path, r->loading) != 0)
        return fault_set(f, FAULT_INPUT, "the event \"%.32s\" is out of order", name);
    bool ok;
    if (strcmp(name, "plugin") == 0)
        ok = read_plugin(r, o, f);
    else if (strcmp(name, "problem") == 0)
        ok = read_problem(r, o, NULL, f);
    else
        ok = fault_set(f, FAULT_INPUT, "the event \"%.32s\" is not known", name);
    if (ok) catalog_reader_free(r);
    return ok;
}

bool catalog_read_line(catalog_reader *r, const char *line, size_t n, fault *f)
{
    cJSON *o = cJSON_ParseWithLength(line, n);
    bool ok = o && !r->done ? read_event(r, o, f) : fault_set(f, FAULT_INPUT, "a line that is not an event");
    cJSON_Delete(o);
    return ok;
}
