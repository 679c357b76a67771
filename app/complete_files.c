#include "app/complete_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *name, const char *suffix)
{
    const size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

void complete_files(const char *typed, const char *suffix, void (*add)(void *to, const char *path, bool is_directory),
                    void *to)
{
    char dir[PATH_MAX], path[PATH_MAX];
    const char *slash = strrchr(typed, '/'), *name = slash ? slash + 1 : typed;
    const int before = (int)(name - typed);
    if ((size_t)before >= sizeof dir) return;
    snprintf(dir, sizeof dir, "%.*s", before, typed);
    struct dirent **entries;
    const int n = scandir(before ? dir : ".", &entries, NULL, alphasort);
    int added = 0;
    for (int i = 0; i < n; i++) {
        const char *entry = entries[i]->d_name;
        struct stat s;
        const int length = snprintf(path, sizeof path - 1, "%.*s%s", before, typed, entry);
        const bool fits =
            added < COMPLETE_FILES_MOST && strncmp(entry, name, strlen(name)) == 0 &&
            (entry[0] != '.' || (name[0] == '.' && strcmp(entry, ".") != 0 && strcmp(entry, "..") != 0)) &&
            length > 0 && (size_t)length < sizeof path - 1 && stat(path, &s) == 0;
        const bool is_directory = fits && S_ISDIR(s.st_mode);
        if (is_directory) strcat(path, "/");
        if (is_directory || (fits && ends_with(entry, suffix))) {
            add(to, path, is_directory);
            added++;
        }
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}
