/* recipe_files.h - recipes as files: those kvant came with, and anyone's.
 *
 * NAME.lua is a program (app/lua/), any other file a list of commands as they are typed. The first comment line of one
 * says what question it answers; a comment line "Time: 2 minutes on 2 cores" how long that takes.
 */
#ifndef KVANT_APP_RECIPE_FILES_H
#define KVANT_APP_RECIPE_FILES_H

#include <limits.h>
#include <stdbool.h>

#include "app/app.h"

enum { RECIPE_TITLE = 256, RECIPE_TIME = 64 };

typedef struct recipe_file {
    char name[NAME_MAX + 1]; /* without the suffix */
    char path[PATH_MAX];
    char title[RECIPE_TITLE], time[RECIPE_TIME]; /* "": it does not say */
} recipe_file;

/* A path, or the name of one kvant came with (NAME.lua before NAME.kvant), with or without its suffix. */
bool recipe_find(const app_context *app, const char *name, char path[PATH_MAX], fault *f);
bool recipe_is_lua(const char *path);

/* Calls each for those kvant came with, by name; false from it stops. */
bool recipe_each(const app_context *app, bool (*each)(void *arg, const recipe_file *file), void *arg, fault *f);

#endif
