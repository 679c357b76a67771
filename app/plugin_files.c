#include "app/plugin_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void plugin_files_free(plugin_files *found)
{
    for (size_t i = 0; i < found->n; i++)
        free(found->paths[i]);
    for (size_t i = 0; i < found->n_problems; i++) {
        free(found->problems[i].path);
        free(found->problems[i].reason);
    }
    free(found->paths);
    free(found->problems);
    *found = (plugin_files){ 0 };
}

/* Takes the path over; drops it when it is there already. */
static bool add(plugin_files *found, char *path, fault *f)
{
    for (size_t i = 0; i < found->n; i++) {
        if (strcmp(found->paths[i], path) != 0) continue;
        free(path);
        return true;
    }
    char **grown = realloc(found->paths, (found->n + 1) * sizeof *grown);
    if (!grown) {
        free(path);
        return fault_memory(f, "the plugins' paths");
    }
    found->paths = grown;
    found->paths[found->n++] = path;
    return true;
}

static bool add_problem(plugin_files *found, const char *dir, int error, fault *f)
{
    char reason[256];
    snprintf(reason, sizeof reason, "named by KVANT_PLUGIN_PATH: %s", strerror(error));
    catalog_problem *grown = realloc(found->problems, (found->n_problems + 1) * sizeof *grown);
    if (!grown) return fault_memory(f, "the plugins' paths");
    found->problems = grown;
    catalog_problem p = { strdup(dir), strdup(reason) };
    if (!p.path || !p.reason) {
        free(p.path);
        free(p.reason);
        return fault_memory(f, "the plugins' paths");
    }
    found->problems[found->n_problems++] = p;
    return true;
}

static int is_module(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 3, ".so") == 0;
}

/* Byte order, whatever the locale: the same files give the same codecs everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_module(plugin_files *found, const char *dir, const char *name, fault *f)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *joined = malloc(n);
    if (!joined) return fault_memory(f, "the plugins' paths");
    snprintf(joined, n, "%s/%s", dir, name);
    char *path = realpath(joined, NULL);
    bool broken_link = !path;
    free(joined);
    return broken_link || add(found, path, f);
}

static bool add_dir(plugin_files *found, const char *dir, bool required, fault *f)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, is_module, by_name);
    if (n < 0) return !required || add_problem(found, dir, errno, f);
    bool ok = true;
    for (int i = 0; i < n; i++) {
        ok = ok && add_module(found, dir, entries[i]->d_name, f);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

static bool add_search_path(plugin_files *found, const char *path, fault *f)
{
    char *copy = strdup(path);
    if (!copy) return fault_memory(f, "the plugins' paths");
    bool ok = true;
    char *rest = copy;
    for (char *dir = strtok_r(copy, ":", &rest); ok && dir; dir = strtok_r(NULL, ":", &rest))
        ok = add_dir(found, dir, true, f);
    free(copy);
    return ok;
}

bool plugin_files_find(plugin_files *found, const plugin_search *where, fault *f)
{
    *found = (plugin_files){ 0 };
    for (size_t i = 0; i < where->n_files; i++) {
        char *path = realpath(where->files[i], NULL);
        if (!path) return fault_set(f, FAULT_INPUT, "plugin %s: %s", where->files[i], strerror(errno));
        if (!add(found, path, f)) return false;
    }
    if (where->path && !add_search_path(found, where->path, f)) return false;
    for (size_t i = 0; i < where->n_dirs; i++)
        if (where->dirs[i][0] && !add_dir(found, where->dirs[i], false, f)) return false;
    return true;
}
