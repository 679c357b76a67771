#include "app/recipe_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const suffixes[] = { ".lua", ".kvant", NULL };

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

bool recipe_is_lua(const char *path)
{
    return ends_with(path, suffixes[0]);
}

/* ---- finding ---- */

static bool try_path(char path[PATH_MAX], const char *directory, const char *name, const char *suffix)
{
    const int n = snprintf(path, PATH_MAX, "%s/%s%s", directory, name, suffix);
    return n > 0 && n < PATH_MAX && access(path, R_OK) == 0;
}

bool recipe_find(const app_context *app, const char *name, char path[PATH_MAX], fault *f)
{
    if (strlen(name) >= PATH_MAX) return fault_set(f, FAULT_INPUT, "recipe %.80s...: the path is too long", name);
    snprintf(path, PATH_MAX, "%s", name);
    if (strchr(name, '/') || access(name, R_OK) == 0) return true;
    const char *shipped = app->places.recipes;
    for (size_t i = 0; *shipped && suffixes[i]; i++)
        if (try_path(path, shipped, name, suffixes[i])) return true;
    if (*shipped && try_path(path, shipped, name, "")) return true;
    return fault_set(f, FAULT_INPUT,
                     "recipe %s: no such file, and kvant came with none of that name; `kvant recipe` lists them", name);
}

/* ---- what a recipe says of itself ---- */

/* The text of a comment line, NULL when it is none. */
static char *comment(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '#') return line + 1 + strspn(line + 1, " ");
    if (strncmp(line, "--", 2) == 0) return line + 2 + strspn(line + 2, " ");
    return NULL;
}

static void read_header(recipe_file *file)
{
    static const char time[] = "Time: ";
    char line[RECIPE_TITLE];
    const char *text;
    FILE *in = fopen(file->path, "r");
    for (bool first = true; in && fgets(line, sizeof line, in) && (text = comment(line)); first = false) {
        if (first) snprintf(file->title, sizeof file->title, "%s", text);
        if (strncmp(text, time, sizeof time - 1) == 0)
            snprintf(file->time, sizeof file->time, "%.*s", RECIPE_TIME - 1, text + sizeof time - 1);
    }
    if (in) fclose(in);
}

static int is_recipe(const struct dirent *e)
{
    for (size_t i = 0; suffixes[i]; i++)
        if (ends_with(e->d_name, suffixes[i])) return 1;
    return 0;
}

bool recipe_each(const app_context *app, bool (*each)(void *arg, const recipe_file *file), void *arg, fault *f)
{
    struct dirent **found = NULL;
    const char *directory = app->places.recipes;
    const int n = *directory ? scandir(directory, &found, is_recipe, alphasort) : 0;
    if (n < 0) return fault_set(f, FAULT_INPUT, "%s: %s", directory, strerror(errno));
    bool more = true;
    for (int i = 0; i < n; i++) {
        recipe_file file = { 0 };
        if (more && try_path(file.path, directory, found[i]->d_name, "")) {
            snprintf(file.name, sizeof file.name, "%s", found[i]->d_name);
            *strrchr(file.name, '.') = '\0';
            read_header(&file);
            more = each(arg, &file);
        }
        free(found[i]);
    }
    free(found);
    return true;
}
