/* catalog_cache.h - the codecs there are, looked for once and again only when a plugin file has changed.
 *
 *     catalog_cache *c = catalog_cache_create(&search, executable, &f);
 *     const catalog *known = catalog_cache_get(c);        waits for the first scan
 *     catalog_cache_free(c);
 *
 * After catalog_cache_begin it never waits: a thread looks, and get gives what is known so far (NULL: nothing yet).
 * Whether files have changed is asked at most once a second, and so is a scan that failed tried again. What get returns
 * stays good until the next get. [one
 * thread at a time]
 */
#ifndef KVANT_APP_CATALOG_CACHE_H
#define KVANT_APP_CATALOG_CACHE_H

#include "app/catalog.h"
#include "app/plugin_files.h"

typedef struct catalog_cache catalog_cache;

/* where's files must be none; its strings are copied. */
catalog_cache *catalog_cache_create(const plugin_search *where, const char *executable, fault *f);

/* One that holds a catalog, and never looks for another: it takes it over. */
catalog_cache *catalog_cache_of(catalog *known, fault *f);
void catalog_cache_free(catalog_cache *c); /* NULL is fine */

void catalog_cache_begin(catalog_cache *c);
const catalog *catalog_cache_get(catalog_cache *c);

/* What tells one state of a set of files from another: paths, inodes, sizes, times of content and of change. NULL without
 * memory, or when a directory cannot be read. The caller frees it. */
char *catalog_cache_signature(const plugin_search *where);

#endif
