/* plugin_files.h - which files the codecs come from.
 *
 * In this order: the files named on the command line, the *.so of the directories in $KVANT_PLUGIN_PATH (separated by
 * colons), those of the directories kvant came with (app/paths.h: the build's, the installation's). Within a directory
 * by name. Where two files offer a codec of one name the earlier wins (app/catalog.h), and a file reached twice counts
 * once.
 */
#ifndef KVANT_APP_PLUGIN_FILES_H
#define KVANT_APP_PLUGIN_FILES_H

#include "app/catalog.h"

typedef struct plugin_search {
    const char *const *files; /* n_files of them, each must exist */
    size_t n_files;
    const char *path;        /* the value of $KVANT_PLUGIN_PATH; NULL or "": none */
    const char *const *dirs; /* n_dirs of them; "" and missing ones are passed over */
    size_t n_dirs;
} plugin_search;

typedef struct plugin_files {
    char **paths; /* absolute, links resolved */
    size_t n;
    catalog_problem *problems; /* directories of $KVANT_PLUGIN_PATH that cannot be read */
    size_t n_problems;
} plugin_files;

/* plugin_files_free afterwards, also on failure: a named file that does not exist. Opens no plugin. */
bool plugin_files_find(plugin_files *found, const plugin_search *where, fault *f);
void plugin_files_free(plugin_files *found);

#endif
