#include "app/catalog_cache.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/scan.h"
#include "base/clock.h"
#include "base/thread.h"

enum { DIRS = 2 };
#define LOOK_AGAIN 1.0 /* seconds between looks at the files */

struct catalog_cache {
    char *executable, *path, *dirs[DIRS]; /* where to look; executable NULL: nowhere */
    catalog *known;
    char *signature; /* of the files that known is from */
    double looked;   /* when a scan ended or the files were looked at */
    /* A scan by the thread: begun, and its result, which is ours once `over` is set and the thread joined. */
    pthread_t thread;
    bool begun, scanning;
    atomic_bool over, cancelled;
    catalog *found;
    char *found_signature;
};

static plugin_search search_of(const catalog_cache *c)
{
    return (plugin_search){ NULL, 0, c->path, (const char *const *)c->dirs, DIRS };
}

char *catalog_cache_signature(const plugin_search *where)
{
    plugin_files found = { 0 };
    char *text = NULL;
    size_t n;
    FILE *out = plugin_files_find(&found, where, NULL) ? open_memstream(&text, &n) : NULL;
    for (size_t i = 0; out && i < found.n; i++) {
        struct stat s = { 0 };
        stat(found.paths[i], &s);
        fprintf(out, "%s %llu %lld %lld.%09ld %lld.%09ld\n", found.paths[i], (unsigned long long)s.st_ino,
                (long long)s.st_size, (long long)s.st_mtim.tv_sec, (long)s.st_mtim.tv_nsec, (long long)s.st_ctim.tv_sec,
                (long)s.st_ctim.tv_nsec);
    }
    plugin_files_free(&found);
    if (!out || fclose(out) == 0) return text;
    free(text);
    return NULL;
}

static bool copy(char **to, const char *from)
{
    *to = strdup(from ? from : "");
    return *to != NULL;
}

catalog_cache *catalog_cache_create(const plugin_search *where, const char *executable, fault *f)
{
    catalog_cache *c = calloc(1, sizeof *c);
    bool ok = c && copy(&c->executable, executable) && copy(&c->path, where->path);
    for (size_t i = 0; ok && i < DIRS; i++)
        ok = copy(&c->dirs[i], i < where->n_dirs ? where->dirs[i] : "");
    if (ok) {
        c->looked = -LOOK_AGAIN;
        return c;
    }
    catalog_cache_free(c);
    fault_memory(f, "the catalog");
    return NULL;
}

catalog_cache *catalog_cache_of(catalog *known, fault *f)
{
    catalog_cache *c = calloc(1, sizeof *c);
    if (!c) {
        catalog_free(known);
        fault_memory(f, "the catalog");
        return NULL;
    }
    c->known = known;
    return c;
}

/* ---- scanning ---- */

static bool is_cancelled(void *arg)
{
    const catalog_cache *c = arg;
    return atomic_load(&c->cancelled);
}

static void *scan(void *arg)
{
    catalog_cache *c = arg;
    const char *const describer[] = { c->executable, "describe", NULL };
    const plugin_search where = search_of(c);
    const scan_options options = { .cancelled = is_cancelled, .arg = c };
    plugin_files files = { 0 };
    c->found_signature = catalog_cache_signature(&where); /* before: a file that changes meanwhile is seen later */
    if (plugin_files_find(&files, &where, NULL)) c->found = catalog_scan(describer, &files, &options, NULL);
    plugin_files_free(&files);
    atomic_store(&c->over, true);
    return NULL;
}

static void start(catalog_cache *c)
{
    atomic_store(&c->over, false);
    c->scanning = thread_begin(&c->thread, scan, c) == 0;
}

/* Takes over what the thread has found. A scan that failed (its program was being replaced, or there was no memory)
 * leaves what was known; that is from files whose state is not known any more, so they are looked at again. */
static void collect(catalog_cache *c)
{
    if (!c->scanning) return;
    pthread_join(c->thread, NULL);
    c->scanning = false;
    free(c->signature);
    c->signature = NULL;
    if (c->found) {
        catalog_free(c->known);
        c->known = c->found;
        c->signature = c->found_signature;
    } else {
        free(c->found_signature);
    }
    c->found = NULL;
    c->found_signature = NULL;
    c->looked = clock_seconds();
}

static bool files_changed(catalog_cache *c)
{
    const double at = clock_seconds();
    if (at - c->looked < LOOK_AGAIN) return false;
    c->looked = at;
    if (!c->signature) return true;
    const plugin_search where = search_of(c);
    char *now = catalog_cache_signature(&where);
    const bool changed = !now || strcmp(now, c->signature) != 0;
    free(now);
    return changed;
}

const catalog *catalog_cache_get(catalog_cache *c)
{
    if (c->scanning && (!c->begun || atomic_load(&c->over))) collect(c);
    if (c->executable && !c->scanning && files_changed(c)) start(c);
    if (!c->begun) collect(c);
    return c->known;
}

void catalog_cache_begin(catalog_cache *c)
{
    c->begun = true;
    catalog_cache_get(c);
}

void catalog_cache_free(catalog_cache *c)
{
    if (!c) return;
    atomic_store(&c->cancelled, true);
    collect(c);
    catalog_free(c->known);
    free(c->signature);
    free(c->executable);
    free(c->path);
    for (size_t i = 0; i < DIRS; i++)
        free(c->dirs[i]);
    free(c);
}
