/* registry.h - the codecs themselves, loaded from plugins. For worker processes only: loading a plugin runs its code.
 *
 * A plugin is a shared object with the symbol kvant_plugin_entry (include/kvant/codec.h). It is refused in a sentence
 * when the symbol is missing, the ABI is of another major version, a struct is too small for its version, or a codec's
 * description does not hold together (app/catalog.h, catalog_check). A refused plugin spoils none of the others.
 *
 *     registry *r = registry_create(&f);
 *     registry_load(r, "/.../turbo.so", &f);
 *     spec *s = spec_parse(registry_catalog(r), "turbo4", &f);
 *     ... app/instance.h opens it ...
 *     registry_destroy(r);
 *
 * Filled by one thread; afterwards any number may read it. Plugins stay loaded until the process ends.
 */
#ifndef KVANT_APP_REGISTRY_H
#define KVANT_APP_REGISTRY_H

#include "app/catalog.h"

typedef struct registry registry;

registry *registry_create(fault *f);
void registry_destroy(registry *r); /* NULL is fine; instances must be closed before */

/* Loads one file and adds its codecs. A codec whose name is taken becomes a problem of the catalog, the others are
 * added. FAULT_INPUT with "PATH: why" when the file is no usable plugin; then nothing of it was added. */
bool registry_load(registry *r, const char *path, fault *f);

/* The same codecs as plain data; belongs to the registry. */
const catalog *registry_catalog(const registry *r);

/* The codec behind an entry of this registry's catalog, NULL for another's. The struct is a copy of the plugin's,
 * complete up to this program's version of it: what an older plugin does not have is zero. */
const kvant_codec *registry_codec(const registry *r, const catalog_codec *known);

/* For a process of its own (`kvant describe FILE...`): loads the files one by one and writes one JSON object per line
 * to fd, each in one piece, for app/scan.h to read:
 *     {"event":"loading","path":...}                      before a file is touched
 *     {"event":"plugin","path":...,"codecs":[...],"problems":[{"path","reason"}...]}
 *     {"event":"problem","path":...,"reason":...}
 *     {"event":"done"}
 * What plugins print on their stdout goes to stderr, where REGISTRY_NEXT stands between the files'. Turns core dumps
 * off; a file that hangs ends the process after `seconds` (SIGALRM) should nobody be there to end it sooner. */
#define REGISTRY_NEXT "\x1e" /* ASCII's record separator */
bool registry_describe(const char *const *files, size_t n, int fd, unsigned seconds, fault *f);

#endif
