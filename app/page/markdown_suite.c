/* Runs of suites in a report as Markdown. */
#include "app/page/markdown_suite.h"

#include <inttypes.h>
#include <stdlib.h>

#include "app/page/escape.h"
#include "app/page/suite_tables.h"
#include "app/suite_show.h"
#include "app/table.h"

static char *escaped(const char *text)
{
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    if (!to) return NULL;
    escape_markdown(to, text);
    if (fclose(to) == 0) return out;
    free(out);
    return NULL;
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; texts && i < n; i++)
        free(texts[i]);
    free(texts);
}

/* The columns' names, then the cells: all that is to stand in the table, escaped. NULL without memory. */
static char **escape_all(const suite_table *t)
{
    const size_t n = t->n_columns + t->n_cells;
    char **texts = calloc(n + 1, sizeof *texts);
    for (size_t i = 0; texts && i < n; i++) {
        texts[i] = escaped(i < t->n_columns ? t->columns[i] : t->cells[i - t->n_columns].text);
        if (texts[i]) continue;
        free_texts(texts, i);
        return NULL;
    }
    return texts;
}

static bool write_table(FILE *to, const suite_table *from, fault *f)
{
    const size_t n = from->n_columns;
    char **texts = escape_all(from);
    table_cell *cells = texts ? calloc(n + 1, sizeof *cells) : NULL;
    bool ok = cells || fault_memory(f, "a suite's table");
    table *t = ok ? table_create(n, (const char *const *)texts, f) : NULL;
    ok = t != NULL;
    for (size_t row = n; ok && row < n + from->n_cells; row += n) {
        for (size_t i = 0; i < n; i++)
            cells[i] = table_text(texts[row + i]);
        ok = table_add(t, cells, f);
    }
    if (ok) {
        fputs("**", to);
        escape_markdown(to, from->title);
        fputs("**\n\n", to);
        ok = table_write(t, to, &(table_style){ .mode = TABLE_MARKDOWN }, f);
        fputc('\n', to);
    }
    table_free(t);
    free(cells);
    free_texts(texts, n + from->n_cells);
    return ok;
}

static bool write_run(FILE *to, const page_run *run, fault *f)
{
    char summary[SUITE_SUMMARY];
    suite_tables tables;
    if (!suite_tables_make(&run->run, &run->items, &tables, f)) return false;
    suite_summary(&run->run, &run->items, summary);
    fputs("### ", to);
    escape_markdown(to, run->run.suite);
    fprintf(to, ", run %" PRId64 ": ", run->run.id);
    escape_markdown_code(to, run->run.config.canonical);
    fputs("\n\n", to);
    escape_markdown(to, summary);
    fputs("\n\n", to);
    bool ok = true;
    for (size_t i = 0; ok && i < tables.n; i++)
        ok = write_table(to, &tables.items[i], f);
    suite_tables_free(&tables);
    return ok;
}

bool markdown_write_suites(FILE *to, const page_set *set, fault *f)
{
    const page_run *run;
    size_t left = 0;
    for (size_t k = 0; (run = page_suite_run(set, k, &left)); k++)
        if (!write_run(to, run, f)) return false;
    if (left) fprintf(to, "%zu more; `kvant show RUN` shows each.\n\n", left);
    return true;
}
