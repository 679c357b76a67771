#include "app/memory_table.h"

#include <math.h>
#include <stdio.h>

#include "app/progress.h"

double memory_cache_bytes(const memory_plan *p, const memory_figures *x)
{
    return p->sequences * x->bytes + x->side;
}

bool memory_row_reaches(const memory_table *t, const memory_row *row)
{
    return t->need_ctx == 0 || (row->known && row->ceiling >= t->need_ctx);
}

double memory_bits(const memory_figures *x)
{
    return x->f16 > 0 ? 16 * x->bytes / x->f16 : (double)NAN;
}

double memory_deviation(const memory_row *row)
{
    return row->computed.bytes > 0 ? 100 * (row->measured_bytes / row->computed.bytes - 1) : (double)NAN;
}

static bool count_row(memory_table *t, memory_row *row, fault *f)
{
    const char *text = row->config->text;
    for (size_t i = 0; i < t->n_ctx; i++)
        if (!memory_at(&t->plan, text, t->ctx[i], &row->at[i], f)) return false;
    if (t->budget <= 0) return true;
    if (!memory_ceiling(&t->plan, text, t->budget, &row->ceiling, f)) return false;
    return row->ceiling == 0 || memory_at(&t->plan, text, row->ceiling, &row->full, f);
}

bool memory_table_fill(memory_table *t, fault *f)
{
    progress bar;
    bool ok = true;
    progress_start(&bar, stderr, &t->plan.app->err, "memory", t->n_rows, "configs");
    for (size_t i = 0; ok && i < t->n_rows; i++) {
        memory_row *row = &t->rows[i];
        if (bar.terminal->is_tty) progress_at(&bar, i, row->config->text);
        row->known = count_row(t, row, &row->problem);
        if (!row->known && row->problem.code != FAULT_INPUT) {
            *f = row->problem;
            ok = false;
        }
    }
    if (bar.terminal->is_tty) progress_end(&bar);
    return ok;
}
