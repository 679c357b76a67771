/* Questions and their answers. */
#include "app/sql_work.h"

#include <string.h>

#include "app/sql_question.h"
#include "base/clock.h"

static bool ask_next(sql_work *w, const char *sql, size_t *at, const sql_values *values, table_answers *answers,
                     fault *f)
{
    const store_reader reader = table_answers_reader(answers);
    const double begun = clock_seconds();
    bool ok = store_query_at(w->database, sql, at, values->values, values->n, &reader, f);
    ok = table_answers_end(answers, ok, f);
    if (ok && line_has(w->line, "timer"))
        fprintf(stderr, "%zu %s in %.3f s\n", answers->rows, answers->rows == 1 ? "row" : "rows",
                clock_seconds() - begun);
    return ok;
}

bool sql_ask(sql_work *w, const sql_text *t, fault *f)
{
    sql_values values = { 0 };
    table_answers answers = table_answers_to(w->out, w->style);
    /* Compiles all of it first: nothing is answered when a later statement is wrong. */
    bool ok = sql_values_read(w->database, t->name, t->sql, t->n_typed, (const char *const *)t->typed, &values, f);
    size_t at = 0;
    do
        ok = ok && ask_next(w, t->sql, &at, &values, &answers, f);
    while (ok && t->sql[at] && !ferror(w->out));
    sql_values_free(&values);
    return ok;
}
