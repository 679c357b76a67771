#include "app/verify_subjects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/plugin_files.h"
#include "app/scan.h"

enum { MOST_FILES = 64 };

bool verify_is_file(const char *arg)
{
    const size_t n = strlen(arg);
    return strchr(arg, '/') != NULL || (n > 3 && strcmp(arg + n - 3, ".so") == 0);
}

catalog *verify_catalog(app_context *app, const command_line *line, fault *f)
{
    const char *files[MOST_FILES];
    size_t n = 0;
    const size_t n_args = line_n_args(line), n_plugins = line_count(line, "plugin");
    for (size_t i = 0; i < n_args + n_plugins; i++) {
        const char *file = i < n_args ? line_arg(line, i) : line_text_at(line, "plugin", i - n_args);
        if (i < n_args && !verify_is_file(file)) continue;
        if (n == MOST_FILES) {
            fault_set(f, FAULT_USAGE, "more than %d plugins are named", MOST_FILES);
            return NULL;
        }
        files[n++] = file;
    }
    const char *dirs[] = { app->places.plugins[0], app->places.plugins[1] };
    const plugin_search where = { files, n, getenv("KVANT_PLUGIN_PATH"), dirs, sizeof dirs / sizeof *dirs };
    const char *const describer[] = { app->places.executable, "describe", NULL };
    plugin_files found = { 0 };
    catalog *known = plugin_files_find(&found, &where, f) ? catalog_scan(describer, &found, NULL, f) : NULL;
    plugin_files_free(&found);
    return known;
}

void verify_subjects_free(verify_subjects *s)
{
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->items[i].n; k++)
            spec_free(s->items[i].specs[k]);
    free(s->items);
}

static verify_subject *add_subject(verify_subjects *s, const catalog_codec *codec, bool whole, fault *f)
{
    verify_subject *grown = realloc(s->items, (s->n + 1) * sizeof *grown);
    if (!grown) {
        fault_memory(f, "the codecs to verify");
        return NULL;
    }
    s->items = grown;
    s->items[s->n] = (verify_subject){ .codec = codec, .whole = whole };
    return &s->items[s->n++];
}

/* Around a codec that keeps everything and around one that does not, or around those that follow when it refuses these;
 * at the end one with calibration and one with blocks and weights. */
static bool add_wrapper(const catalog *known, verify_subject *to, fault *f)
{
    const char *const inners[] = {
        catalog_inner(to->codec)->inner, "identity", "polar", "turbo4", "q4_0", "center(polar)", "kakeya(block=64)"
    };
    _Static_assert(sizeof inners / sizeof *inners <= VERIFY_EXPRESSIONS, "a subject holds them all");
    for (size_t i = 0; i < sizeof inners / sizeof *inners; i++) {
        char text[1024];
        if (!inners[i] || strcmp(inners[i], to->codec->name) == 0) continue;
        snprintf(text, sizeof text, "%s(%.900s)", to->codec->name, inners[i]);
        spec *s = spec_parse(known, text, f);
        if (s) to->specs[to->n++] = s;
    }
    if (to->n == 0) return fault_prefix(f, "%s: no codec to put inside", to->codec->name);
    *f = (fault){ 0 };
    return true;
}

static bool add_whole(const catalog *known, verify_subjects *s, const catalog_codec *codec, fault *f)
{
    verify_subject *to = add_subject(s, codec, true, f);
    if (!to) return false;
    if (catalog_inner(codec)) return add_wrapper(known, to, f);
    to->specs[0] = spec_parse(known, codec->name, f);
    to->n = to->specs[0] != NULL;
    return to->n > 0;
}

bool verify_add_text(const catalog *known, verify_subjects *s, const char *text, fault *f)
{
    const catalog_codec *codec = catalog_find(known, text);
    if (codec) return add_whole(known, s, codec, f);
    spec *parsed = spec_parse(known, text, f);
    if (!parsed) return false;
    verify_subject *to = add_subject(s, parsed->codec, false, f);
    if (!to) {
        spec_free(parsed);
        return false;
    }
    to->specs[to->n++] = parsed;
    return true;
}

bool verify_add_codecs(const catalog *known, verify_subjects *s, const char *path, fault *f)
{
    for (size_t i = 0; i < known->n_codecs; i++)
        if ((!path || strcmp(known->codecs[i]->path, path) == 0) && !add_whole(known, s, known->codecs[i], f))
            return false;
    return true;
}
