#include "app/growth.h"

#include <stdlib.h>
#include <string.h>

const growth_question growth_questions[] = {
    { "rows", "a codec's time by rows", "rows", growth_rows, 65536, 1 << 20, GROWTH_CODECS, false },
    { "dim", "a codec's time for 256 rows by head dimension", "values in a row", growth_dim, 1024, 4096, GROWTH_CODECS,
      false },
    { "bits", "a codec's time for 1024 rows by bits", "bits per value", growth_bits, 8, 64, GROWTH_CODECS, false },
    { "context", "the engine's time by context", "positions", growth_context, 4096, 1 << 20, GROWTH_ENGINE, true },
    { "vocabulary", "time per 16 positions by vocabulary", "words", growth_vocabulary, 262144, 1 << 20, GROWTH_ENGINE,
      false },
    { "runs", "the database's time by runs in it", "runs", growth_runs, 12800, 1 << 20, GROWTH_DATABASE, false },
    { 0 },
};

const growth_question *growth_question_named(const char *name)
{
    const growth_question *q = growth_questions;
    while (q->name && strcmp(q->name, name) != 0)
        q++;
    return q->name ? q : NULL;
}

double growth_largest(const growth_request *r, const growth_question *q)
{
    const double to = r->to > 0 ? r->to : q->to;
    return to < q->most ? to : q->most;
}

bool growth_at(const growth_request *r, const char *what, fault *f)
{
    return !r->at || r->at(r->self, what) || fault_set(f, FAULT_INTERRUPTED, "growth: interrupted");
}

growth_series *growth_add(growth *g, const char *what, const char *unit, const char *theory, fault *f)
{
    if (g->n == g->room) {
        const size_t room = g->room ? 2 * g->room : 8;
        growth_series *grown = reallocarray(g->series, room, sizeof *grown);
        if (!grown) {
            fault_memory(f, "the measurements");
            return NULL;
        }
        g->series = grown;
        g->room = room;
    }
    growth_series *s = &g->series[g->n++];
    *s = (growth_series){ .what = what, .unit = unit, .theory = theory, .grows = "" };
    return s;
}

void growth_release(growth *g)
{
    free(g->series);
    *g = (growth){ 0 };
}
