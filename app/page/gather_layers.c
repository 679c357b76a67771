/* The layers of a set's runs, in one question. */
#include "app/page/gather_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct number {
    int64_t id;
    page_run *run;
} number;

typedef struct reader {
    strings *to;
    number *numbers; /* ascending */
    size_t n;
    page_run *run; /* whose layers come now */
    size_t room;
    bool full; /* no memory */
} reader;

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const number *)a)->id, y = ((const number *)b)->id;
    return (x > y) - (x < y);
}

static bool make_numbers(reader *r, page_set *set)
{
    r->numbers = calloc(set->n_runs + 1, sizeof *r->numbers);
    r->n = set->n_runs;
    for (size_t i = 0; r->numbers && i < set->n_runs; i++)
        r->numbers[i] = (number){ set->runs[i].run.id, &set->runs[i] };
    if (r->numbers) qsort(r->numbers, r->n, sizeof *r->numbers, by_id);
    return r->numbers != NULL;
}

/* One more layer for the run at work; NULL without memory. */
static store_layer *add_layer(reader *r)
{
    page_run *run = r->run;
    if (run->n_layers == r->room) {
        size_t room = r->room ? 2 * r->room : 16;
        store_layer *grown = reallocarray(run->layers, room, sizeof *grown);
        if (!grown) return NULL;
        run->layers = grown;
        r->room = room;
    }
    return &run->layers[run->n_layers];
}

static double real(const store_value *v)
{
    return v->kind == STORE_NULL ? NAN : v->real;
}

static bool take_layer(void *arg, int n, const store_value *v)
{
    reader *r = arg;
    if (n != 8) return false;
    if (!r->run || r->run->run.id != v[0].integer) {
        const number *found = bsearch(&(number){ .id = v[0].integer }, r->numbers, r->n, sizeof *r->numbers, by_id);
        if (!found) return true; /* of a run that came since */
        r->run = found->run;
        r->room = 0;
    }
    store_layer *layer = add_layer(r);
    r->full = !layer;
    if (!layer) return false;
    const char *same_side = r->run->n_layers > 1 ? layer[-2].codec : NULL;
    const char *codec = strings_keep(r->to, v[3].bytes, same_side);
    *layer =
        (store_layer){ v[1].integer, v[2].bytes[0] == 'v' ? "v" : "k", codec, real(&v[4]), real(&v[5]), v[6].integer,
                       v[7].integer };
    r->full = !codec;
    r->run->n_layers += codec != NULL;
    return codec;
}

bool gather_layers(store *s, strings *to, page_set *set, const char *where, fault *f)
{
    static const char question[] = "SELECT run, layer, stream, codec, rel_error, query_error, n_values, bytes "
                                   "FROM run_layers WHERE run IN (SELECT id FROM v_runs WHERE %s) "
                                   "ORDER BY run, layer, stream";
    reader r = { .to = to };
    char *sql = NULL;
    size_t size;
    FILE *text = open_memstream(&sql, &size);
    if (text) fprintf(text, question, where);
    bool ok = (text && fclose(text) == 0 && make_numbers(&r, set)) || fault_memory(f, "the layers");
    ok = ok && store_query(s, sql, &(store_reader){ .row = take_layer, .arg = &r }, f);
    free(r.numbers);
    free(sql);
    return r.full ? fault_memory(f, "the layers") : ok;
}
