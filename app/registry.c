#include "app/registry.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CODECS = 256, MOST_PARAMS = 64 };

/* What a plugin of version 1.0 has at least. */
#define CODEC_2_0  (offsetof(kvant_codec, mix) + sizeof(((kvant_codec *)0)->mix))
#define PLUGIN_2_0 (offsetof(kvant_plugin, codecs) + sizeof(((kvant_plugin *)0)->codecs))

typedef struct entry {
    const catalog_codec *known;
    kvant_codec *codec; /* allocated apart: instances point to it */
} entry;

struct registry {
    catalog *known;
    entry *entries;
    size_t n;
};

registry *registry_create(fault *f)
{
    registry *r = calloc(1, sizeof *r);
    if (!r) {
        fault_memory(f, "the codecs");
        return NULL;
    }
    r->known = catalog_create(f);
    if (r->known) return r;
    free(r);
    return NULL;
}

void registry_destroy(registry *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n; i++)
        free(r->entries[i].codec);
    free(r->entries);
    catalog_free(r->known);
    free(r);
}

const catalog *registry_catalog(const registry *r)
{
    return r->known;
}

const kvant_codec *registry_codec(const registry *r, const catalog_codec *known)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->entries[i].known == known) return r->entries[i].codec;
    return NULL;
}

/* ---- from the plugin's structs to plain data ---- */

static bool copy_text(char **to, const char *from, fault *f)
{
    if (!from) return true; /* catalog_check says what is missing */
    *to = strdup(from);
    return *to ? true : fault_memory(f, "a codec's description");
}

static bool copy_words(catalog_param *to, const char *names, fault *f)
{
    for (const char *s = names ? names : ""; *s;) {
        size_t n = strcspn(s, " ");
        char **grown = realloc(to->words, (to->n_words + 1) * sizeof *grown);
        if (!grown) return fault_memory(f, "a codec's description");
        to->words = grown;
        to->words[to->n_words] = strndup(s, n);
        if (!to->words[to->n_words++]) return fault_memory(f, "a codec's description");
        s += n + (s[n] == ' ');
    }
    return true;
}

static bool copy_param(catalog_param *to, const kvant_param *from, fault *f)
{
    bool number = from->type == KVANT_INT || from->type == KVANT_REAL;
    to->type = from->type;
    to->flags = from->flags & KVANT_LOG;
    to->def = from->type == KVANT_CODEC ? 0 : from->def;
    if (number) {
        to->min = from->min;
        to->max = from->max;
        to->step = from->step;
    }
    if (!copy_text(&to->name, from->name, f) || !copy_text(&to->help, from->help, f)) return false;
    if (from->type == KVANT_CODEC) return copy_text(&to->inner, from->names, f);
    return from->type != KVANT_ENUM || copy_words(to, from->names, f);
}

static bool copy_params(catalog_codec *to, const kvant_codec *from, fault *f)
{
    size_t n = 0;
    while (from->params && n <= MOST_PARAMS && from->params[n].name)
        n++;
    if (n > MOST_PARAMS) return fault_set(f, FAULT_INPUT, "%s: more than %d parameters", from->name, MOST_PARAMS);
    to->params = calloc(n + 1, sizeof *to->params);
    if (!to->params) return fault_memory(f, "a codec's description");
    for (size_t i = 0; i < n; i++)
        if (!copy_param(&to->params[to->n_params++], &from->params[i], f)) return false;
    return true;
}

/* The codec of a plugin as plain data; the caller frees it. */
static catalog_codec *describe(const kvant_codec *from, const char *path, const char *sha256, uint32_t abi, fault *f)
{
    catalog_codec *to = calloc(1, sizeof *to);
    if (!to) {
        fault_memory(f, "a codec's description");
        return NULL;
    }
    to->flags = from->flags;
    to->dim_min = from->dim_min;
    to->dim_max = from->dim_max;
    to->dim_step = from->dim_step;
    to->scores = from->scores != NULL;
    to->mix = from->mix != NULL;
    to->abi = abi;
    memcpy(to->sha256, sha256, HASH_HEX);
    if (copy_text(&to->name, from->name, f) && copy_text(&to->version, from->version, f) &&
        copy_text(&to->family, from->family, f) && copy_text(&to->summary, from->summary, f) &&
        copy_text(&to->reference, from->reference, f) && copy_text(&to->path, path, f) && copy_params(to, from, f) &&
        catalog_check(to, f))
        return to;
    catalog_codec_free(to);
    return NULL;
}

/* ---- checks on what only a loaded codec can show ---- */

static bool check_abi(uint32_t abi, const char *what, fault *f)
{
    uint32_t major = abi >> 16;
    if (major == KVANT_ABI_MAJOR) return true;
    return fault_set(f, FAULT_INPUT, "%s is built for codec ABI %u.%u, this kvant speaks %u.%u; build it again", what,
                     major, abi & 0xffff, KVANT_ABI_MAJOR, KVANT_ABI_MINOR);
}

static bool check_functions(const kvant_codec *c, fault *f)
{
    const struct {
        const char *name;
        bool there;
    } required[] = { { "create", c->create != NULL },
                     { "destroy", c->destroy != NULL },
                     { "bound", c->bound != NULL },
                     { "encode", c->encode != NULL },
                     { "decode", c->decode != NULL },
                     { "calibrate (it needs calibration)", c->calibrate || !(c->flags & KVANT_CALIBRATES) },
                     { "load (it has save)", c->load || !c->save },
                     { "save (it has load)", c->save || !c->load } };
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!required[i].there) return fault_set(f, FAULT_INPUT, "%s: no function %s", c->name, required[i].name);
    return true;
}

/* Our own copy of a plugin's codec, as long as we know it; free it. */
static kvant_codec *copy_codec(const kvant_codec *from, fault *f)
{
    if (from->size < CODEC_2_0) {
        fault_set(f, FAULT_INPUT, "a codec's struct has %u bytes, ABI 2.0 has %zu", from->size, CODEC_2_0);
        return NULL;
    }
    if (!check_abi(from->abi, "a codec", f)) return NULL;
    kvant_codec *to = calloc(1, sizeof *to);
    if (!to) {
        fault_memory(f, "a codec");
        return NULL;
    }
    memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
    to->size = sizeof *to;
    return to;
}

/* ---- a plugin's codecs, checked before any is added ---- */

typedef struct batch {
    kvant_codec *codecs[MOST_CODECS];
    catalog_codec *known[MOST_CODECS];
    size_t n;
} batch;

static void free_batch(batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->codecs[i]);
        catalog_codec_free(b->known[i]);
    }
    free(b);
}

static bool fill_batch(batch *b, const kvant_plugin *plugin, const char *path, fault *f)
{
    char sha256[HASH_HEX];
    if (!hash_file(path, sha256, f)) return false;
    for (size_t i = 0; plugin->codecs[i]; i++) {
        if (i == MOST_CODECS) return fault_set(f, FAULT_INPUT, "more than %d codecs", MOST_CODECS);
        b->n++;
        b->codecs[i] = copy_codec(plugin->codecs[i], f);
        if (!b->codecs[i]) return false;
        b->known[i] = describe(b->codecs[i], path, sha256, plugin->abi, f);
        if (!b->known[i] || !check_functions(b->codecs[i], f)) return false;
    }
    return b->n > 0 ? true : fault_set(f, FAULT_INPUT, "it lists no codec");
}

static bool add_batch(registry *r, batch *b, fault *f)
{
    entry *grown = realloc(r->entries, (r->n + b->n) * sizeof *grown);
    if (!grown) return fault_memory(f, "the codecs");
    r->entries = grown;
    for (size_t i = 0; i < b->n; i++) {
        const catalog_codec *known = b->known[i];
        size_t before = r->known->n_codecs;
        b->known[i] = NULL; /* the catalog's now */
        bool ok = catalog_add(r->known, (catalog_codec *)known, f);
        if (!ok) return false;
        if (r->known->n_codecs == before) continue; /* hidden by an earlier one */
        r->entries[r->n++] = (entry){ known, b->codecs[i] };
        b->codecs[i] = NULL;
    }
    return true;
}

static const kvant_plugin *find_entry(void *module, fault *f)
{
    const kvant_plugin *plugin = dlsym(module, KVANT_PLUGIN_SYMBOL);
    if (!plugin) {
        fault_set(f, FAULT_INPUT, "no symbol %s: not a kvant plugin", KVANT_PLUGIN_SYMBOL);
        return NULL;
    }
    /* Size and abi come first in every version; nothing else is looked at before they are right. */
    if (!check_abi(plugin->abi, "it", f)) return NULL;
    if (plugin->size >= PLUGIN_2_0 && plugin->codecs) return plugin;
    fault_set(f, FAULT_INPUT, "%s has %u bytes or no list of codecs, ABI 2.0 has %zu", KVANT_PLUGIN_SYMBOL,
              plugin->size, PLUGIN_2_0);
    return NULL;
}

static bool load_module(registry *r, void *module, const char *path, fault *f)
{
    const kvant_plugin *plugin = find_entry(module, f);
    batch *b = plugin ? calloc(1, sizeof *b) : NULL;
    if (!plugin) return false;
    if (!b) return fault_memory(f, "the codecs");
    bool ok = fill_batch(b, plugin, path, f) && add_batch(r, b, f);
    free_batch(b);
    return ok;
}

bool registry_load(registry *r, const char *path, fault *f)
{
    /* Without a slash dlopen would search the system's libraries. */
    char *full = realpath(path, NULL);
    void *module = full ? dlopen(full, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!module) {
        const char *why = full ? dlerror() : "no such file";
        size_t n = full ? strlen(full) : 0;
        bool named = full && why && strncmp(why, full, n) == 0 && strncmp(why + n, ": ", 2) == 0;
        fault_set(f, FAULT_INPUT, "%s: %s", path, !why ? "cannot be loaded" : named ? why + n + 2 : why);
    }
    size_t before = r->n;
    bool ok = module && (load_module(r, module, full, f) || fault_prefix(f, "%s", path));
    if (module && !ok && r->n == before) dlclose(module);
    free(full);
    return ok;
}
