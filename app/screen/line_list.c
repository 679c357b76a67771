#include <stdlib.h>
#include <string.h>

#include "app/complete.h"
#include "app/screen/line_own.h"

static bool add(line_list *l, const char *name, const char *help)
{
    char *copy = strdup(name), *about = strdup(help ? help : "");
    if (!copy || !about) {
        free(copy);
        free(about);
        return false;
    }
    l->names[l->n] = copy;
    l->helps[l->n++] = about;
    return true;
}

static bool reserve(line_list *l, size_t n)
{
    l->names = calloc(n + 1, sizeof *l->names);
    l->helps = calloc(n + 1, sizeof *l->helps);
    return l->names && l->helps;
}

void line_list_make(app_context *app, const char *line, size_t point, char **matches, size_t n, line_list *l)
{
    complete_result r = { 0 };
    char *before = strndup(line, point);
    size_t start = point;
    while (start && !strchr(" \t=,(", line[start - 1]))
        start--;
    line_list_free(l);
    if (before) complete_line(app, before, start, &r);
    free(before);
    if (reserve(l, r.n > 1 ? r.n : n)) {
        bool good = true;
        for (size_t i = 0; good && r.n > 1 && i < r.n; i++)
            good = add(l, r.names[i], r.helps ? r.helps[i] : NULL);
        for (size_t i = 0; good && r.n <= 1 && i < n; i++)
            good = add(l, matches[i], NULL);
    }
    complete_free(&r);
}

void line_list_free(line_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->names[i]);
        free(l->helps[i]);
    }
    free(l->names);
    free(l->helps);
    *l = (line_list){ 0 };
}
