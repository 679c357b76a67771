/* Which comparable sets a request is about. */
#include "app/page/gather_parts.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct finder {
    set_keys *keys;
    strings *to;
    bool full; /* no memory */
} finder;

static bool take_set(void *arg, int n, const store_value *v)
{
    finder *find = arg;
    set_keys *keys = find->keys;
    store_run *grown = n == 6 ? reallocarray(keys->items, keys->n + 1, sizeof *grown) : NULL;
    find->full = !grown;
    if (!grown) return false;
    keys->items = grown;
    store_run *to = &grown[keys->n];
    *to = store_run_blank();
    to->model.hash = strings_keep(find->to, v[0].bytes, NULL);
    to->text.hash = strings_keep(find->to, v[1].bytes, NULL);
    to->protocol = strings_keep(find->to, v[2].bytes, NULL);
    to->ctx = v[3].integer;
    to->eval = v[4].integer;
    to->passages = v[5].integer;
    find->full = !to->model.hash || !to->text.hash || !to->protocol;
    keys->n += !find->full;
    return !find->full;
}

bool gather_sets(store *s, const page_request *request, strings *to, set_keys *keys, fault *f)
{
    static const char question[] = "SELECT model_hash, text_hash, protocol, ctx, eval, passages FROM v_runs "
                                   "WHERE %s GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY max(id) DESC LIMIT %d";
    if (!store_check_condition(s, request->where, f)) return false;
    finder find = { keys, to, false };
    char *where = gather_where(request, NULL), *sql = NULL;
    size_t size;
    FILE *text = where ? open_memstream(&sql, &size) : NULL;
    if (text) fprintf(text, question, where, request->all_sets ? -1 : 1);
    bool ok = (text && fclose(text) == 0) || fault_memory(f, "the question");
    ok = ok && store_query(s, sql, &(store_reader){ .row = take_set, .arg = &find }, f);
    free(where);
    free(sql);
    return find.full ? fault_memory(f, "the sets") : ok;
}
