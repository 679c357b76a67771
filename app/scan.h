/* scan.h - the front's way to a catalog: child processes load the plugins and tell.
 *
 * The child (`kvant describe FILE...`, which calls registry_describe) names each file before it touches it. When the
 * child dies, hangs or writes nonsense, that file becomes a problem of the catalog and the scan starts again without
 * it. So a broken plugin costs itself and some milliseconds, never the session.
 *
 *     const char *const describer[] = { paths.executable, "describe", NULL };
 *     catalog *known = catalog_scan(describer, &files, NULL, &f);
 */
#ifndef KVANT_APP_SCAN_H
#define KVANT_APP_SCAN_H

#include "app/catalog.h"
#include "app/plugin_files.h"

enum { SCAN_SECONDS = 5 };

typedef struct scan_options {
    double seconds;               /* for one file, 0: SCAN_SECONDS */
    bool (*cancelled)(void *arg); /* asked some times a second; NULL: never */
    void *arg;
} scan_options;

/* describer: a program and its first arguments, NULL at the end; the files' paths are put behind them and its stdout is
 * read. options may be NULL. The caller frees the catalog. NULL with a message when the describer itself does not work
 * (it dies without touching a file), FAULT_INTERRUPTED when cancelled. [one scan per thread; starts processes] */
catalog *catalog_scan(const char *const *describer, const plugin_files *files, const scan_options *options, fault *f);

#endif
