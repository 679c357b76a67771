#include "app/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void grid_free(grid_configs *configs)
{
    for (size_t i = 0; i < configs->n; i++)
        config_free(configs->items[i]);
    free(configs->items);
    *configs = (grid_configs){ 0 };
}

/* Takes c over. */
static bool add_config(grid_configs *configs, config *c, fault *f)
{
    for (size_t i = 0; i < configs->n; i++) {
        if (strcmp(configs->items[i]->id, c->id) != 0) continue;
        config_free(c);
        return true;
    }
    bool full = configs->n == GRID_MOST;
    config **grown = full ? NULL : realloc(configs->items, (configs->n + 1) * sizeof(config *));
    if (!grown) {
        config_free(c);
        if (full) return fault_set(f, FAULT_INPUT, "more than %d configs in one sweep", GRID_MOST);
        return fault_memory(f, "the configs of a sweep");
    }
    configs->items = grown;
    configs->items[configs->n++] = c;
    return true;
}

/* The line with one text in the grid's place; the caller frees it. */
static char *put_in(const char *line, const spec_grid *grid, const char *text)
{
    size_t n = strlen(text), rest = strlen(line + grid->end);
    char *made = malloc(grid->begin + n + rest + 1);
    if (!made) return NULL;
    memcpy(made, line, grid->begin);
    memcpy(made + grid->begin, text, n);
    memcpy(made + grid->begin + n, line + grid->end, rest + 1);
    return made;
}

/* Ends because every step puts a text with fewer grids in its place. */
bool grid_add(grid_configs *configs, const catalog *known, const char *line, fault *f)
{
    if (++configs->n_lines > GRID_LINES)
        return fault_set(f, FAULT_INPUT, "the grids of one sweep stand for more than %d lines", GRID_LINES);
    spec_grid grid = { 0 };
    config *c = config_parse_grid(known, line, &grid, f);
    if (c) return add_config(configs, c, f);
    bool ok = grid.n > 0;
    for (size_t i = 0; ok && i < grid.n; i++) {
        char *one = put_in(line, &grid, grid.texts[i]);
        ok = one ? grid_add(configs, known, one, f) : fault_memory(f, "the configs of a sweep");
        free(one);
    }
    spec_grid_free(&grid);
    return ok;
}

/* An item of a list as a config's k= or v=. */
typedef struct choice {
    const char *text;
    size_t n;
} choice;

static bool split(const char *list, choice **choices, size_t *n, fault *f)
{
    *choices = NULL;
    *n = 0;
    if (!list) list = CONFIG_BASE;
    if (!expr_fits(list, f)) return false;
    for (size_t at = 0;; at++) {
        expr *e = expr_parse(list, &at, f);
        if (!e) return false;
        choice item = { list + e->begin, e->end - e->begin };
        expr_free(e);
        choice *grown = realloc(*choices, (*n + 1) * sizeof *grown);
        if (!grown) return fault_memory(f, "a list of codecs");
        *choices = grown;
        grown[(*n)++] = item;
        if (list[at] == '\0') return true;
        if (list[at] != ',') return expr_fault(f, list, at, "'%c' where ',' is expected", list[at]);
    }
}

static bool add_pair(grid_configs *configs, const catalog *known, choice k, choice v, fault *f)
{
    size_t n = k.n + v.n + sizeof "k= v=";
    char *line = malloc(n);
    if (!line) return fault_memory(f, "the configs of a sweep");
    snprintf(line, n, "k=%.*s v=%.*s", (int)k.n, k.text, (int)v.n, v.text);
    bool ok = grid_add(configs, known, line, f);
    free(line);
    return ok;
}

bool grid_add_lists(grid_configs *configs, const catalog *known, const char *k_list, const char *v_list, fault *f)
{
    choice *ks = NULL, *vs = NULL;
    size_t n_ks = 0, n_vs = 0;
    bool ok = split(k_list, &ks, &n_ks, f) && split(v_list, &vs, &n_vs, f);
    for (size_t i = 0; ok && i < n_ks; i++)
        for (size_t j = 0; ok && j < n_vs; j++)
            ok = add_pair(configs, known, ks[i], vs[j], f);
    free(ks);
    free(vs);
    return ok;
}
