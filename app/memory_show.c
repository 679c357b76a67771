/* The table of `kvant memory`, for a person. */
#include "app/memory_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/number.h"
#include "app/table.h"
#include "kvant/codec.h"

enum { SHOWN = NUMBER_TEXT };

/* Exact where six digits are enough to be. */
static void amount(double value, bool about, char text[SHOWN])
{
    const char *mark = about ? "~" : "";
    if (value >= 1e5)
        snprintf(text, SHOWN, "%s%.0f", mark, value);
    else
        snprintf(text, SHOWN, "%s%.*g", mark, value < 1 ? 4 : 6, value);
}

static void tokens(int n, char text[SHOWN])
{
    if (n >= 1024 && n % 1024 == 0)
        snprintf(text, SHOWN, "%dk", n / 1024);
    else
        snprintf(text, SHOWN, "%d", n);
}

/* ---- what is counted ---- */

static bool alike(const memory_shape *s)
{
    for (int i = 1; i < s->n_layers; i++)
        if (s->layers[i].heads != s->layers[0].heads || s->layers[i].dim[KVANT_K] != s->layers[0].dim[KVANT_K] ||
            s->layers[i].dim[KVANT_V] != s->layers[0].dim[KVANT_V])
            return false;
    return true;
}

static void print_shape(const memory_table *t)
{
    const memory_shape *s = t->plan.shape;
    const memory_layer *l = &s->layers[0];
    int windowed = 0, window = 0;
    for (int i = 0; i < s->n_layers; i++)
        if (s->layers[i].window) {
            windowed++;
            window = s->layers[i].window;
        }
    printf("model    %s%s%d layers", s->name, s->name[0] ? ": " : "", s->n_layers);
    if (s->n_layers < s->n_blocks) printf(" of %d keep keys and values", s->n_blocks);
    if (!alike(s))
        printf(", of several sizes");
    else if (l->dim[KVANT_V] == 0)
        printf(", a latent of %d", l->dim[KVANT_K]);
    else if (l->dim[KVANT_K] != l->dim[KVANT_V])
        printf(", %d kv heads x %d (values %d)", l->heads, l->dim[KVANT_K], l->dim[KVANT_V]);
    else
        printf(", %d kv heads x %d", l->heads, l->dim[KVANT_K]);
    if (windowed) printf(", %d with a window of %d tokens", windowed, window);
    if (s->ctx_train) printf("; trained for %d tokens", s->ctx_train);
    if (s->note[0]) printf("\nnote     %s", s->note);
    putchar('\n');
}

static void print_counting(const memory_table *t, memory_unit unit)
{
    char text[SHOWN];
    tokens(t->plan.round, text);
    printf("cache    %s, for %d sequence%s", unit.name, t->plan.sequences, t->plan.sequences > 1 ? "s" : "");
    if (t->plan.round > 1) printf(", tokens rounded up to a multiple of %s", text);
    printf("; f16 where a config says nothing\n");
}

/* ---- contexts x configs ---- */

static bool add_sizes(table *out, const memory_table *t, const memory_row *row, memory_unit unit, bool wide, fault *f)
{
    char shown[MEMORY_CONTEXTS + 4][SHOWN];
    table_cell cells[MEMORY_CONTEXTS + 4] = { table_text(row->config->text) };
    size_t n = 1;
    const memory_figures *last = &row->at[t->n_ctx - 1];
    const double bytes = memory_cache_bytes(&t->plan, last), per_token = last->bytes / last->cells;
    if (wide) {
        snprintf(shown[n], SHOWN, "%.4f", memory_bits(last));
        cells[n] = table_real_as(memory_bits(last), shown[n]);
        n++;
    }
    snprintf(shown[n], SHOWN, "%.2fx", t->plan.sequences * last->f16 / bytes);
    cells[n] = table_real_as(t->plan.sequences * last->f16 / bytes, shown[n]);
    n++;
    if (wide) {
        amount(per_token, last->about, shown[n]);
        cells[n] = table_real_as(per_token, shown[n]);
        n++;
    }
    for (size_t i = 0; i < t->n_ctx; i++, n++) {
        const double size = memory_cache_bytes(&t->plan, &row->at[i]);
        amount(size / unit.bytes, row->at[i].about, shown[n]);
        cells[n] = table_real_as(size, shown[n]);
    }
    return table_add(out, cells, f);
}

static bool print_table(table *out, const terminal *to, fault *f)
{
    const int width = to->is_tty ? terminal_width(to) : 0;
    return table_write(out, stdout, &(table_style){ TABLE_BOX, to->utf8, width }, f);
}

static bool print_sizes(const memory_table *t, memory_unit unit, const terminal *to, fault *f)
{
    enum { WIDE = 110 };
    const bool wide = !to->is_tty || terminal_width(to) >= WIDE;
    char shown[MEMORY_CONTEXTS][SHOWN];
    const char *names[MEMORY_CONTEXTS + 4] = { "config" };
    size_t n = 1;
    if (wide) names[n++] = "bits/value";
    names[n++] = "ratio";
    if (wide) names[n++] = "bytes/token";
    for (size_t i = 0; i < t->n_ctx; i++) {
        tokens(t->ctx[i], shown[i]);
        names[n++] = shown[i];
    }
    table *out = table_create(n, names, f);
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < t->n_rows; i++)
        if (t->rows[i].known) ok = add_sizes(out, t, &t->rows[i], unit, wide, f);
    if (ok && table_rows(out)) ok = print_table(out, to, f);
    table_free(out);
    return ok;
}

/* What a figure in the table cannot say of itself. */
static void print_remarks(const memory_table *t)
{
    bool about = false;
    for (size_t i = 0; i < t->n_rows; i++) {
        const memory_row *row = &t->rows[i];
        const memory_figures *last = &row->at[t->n_ctx - 1];
        if (!row->known) {
            if (!t->named) printf("%s\n", row->problem.text);
            continue;
        }
        about = about || last->about;
        char size[SHOWN];
        number_bytes(last->side, size);
        if (last->side > 0)
            printf("%s: %s%s of side data are in it, once\n", row->config->text, last->calibrates ? "about " : "",
                   size);
        number_bytes(last->peak - last->bytes, size);
        if (last->peak > last->bytes)
            printf("%s: up to %s more per sequence on the way to %d tokens, while blocks are open\n", row->config->text,
                   size, t->ctx[t->n_ctx - 1]);
    }
    if (about) puts("~ the bytes depend on the rows: as it is for noise");
}

/* ---- the ceiling ---- */

static bool add_ceiling(table *out, const memory_table *t, const memory_row *row, fault *f)
{
    const bool all = row->ceiling > MEMORY_CTX - t->plan.round;
    char most[SHOWN], cache[SHOWN], whole[SHOWN];
    const double need = row->ceiling ? memory_need(&t->plan, &row->full) : t->plan.weights;
    snprintf(most, sizeof most, "%s%d", all ? ">= " : "", row->ceiling);
    number_bytes(need - t->plan.weights, cache);
    number_bytes(need, whole);
    const table_cell cells[] = { table_text(row->config->text), table_real_as(row->ceiling, most),
                                 table_real_as(need - t->plan.weights, cache), table_real_as(need, whole),
                                 table_text(memory_row_reaches(t, row) ? "yes" : "no") };
    return table_add(out, cells, f);
}

static void print_budget(const memory_table *t)
{
    char budget[SHOWN], weights[SHOWN];
    number_bytes(t->budget, budget);
    number_bytes(t->plan.weights, weights);
    printf("\nbudget   %s for the cache", budget);
    if (t->plan.weights > 0)
        printf(" and %s of weights (%s)", weights, t->weighed);
    else
        printf(", no weights");
    puts("; compute buffers are not counted. The longest context:");
}

static bool print_ceilings(const memory_table *t, const terminal *to, fault *f)
{
    char need[SHOWN + 16], ctx[SHOWN];
    tokens(t->need_ctx, ctx);
    snprintf(need, sizeof need, "%s fit", ctx);
    const char *names[] = { "config", "tokens", "cache", "with weights", need };
    table *out = table_create(t->need_ctx ? 5 : 4, names, f);
    bool ok = out != NULL, beyond = false;
    for (size_t i = 0; ok && i < t->n_rows; i++) {
        if (!t->rows[i].known) continue;
        ok = add_ceiling(out, t, &t->rows[i], f);
        beyond = beyond || (t->plan.shape->ctx_train && t->rows[i].ceiling > t->plan.shape->ctx_train);
    }
    if (ok && table_rows(out)) {
        print_budget(t);
        ok = print_table(out, to, f);
        if (beyond) printf("beyond %d tokens the model has not been trained\n", t->plan.shape->ctx_train);
    }
    table_free(out);
    return ok;
}

/* ---- measured ---- */

static bool print_measured(const memory_table *t, const terminal *to, fault *f)
{
    const char *names[] = { "config", "tokens", "measured", "computed", "off by", "side data", "computed side" };
    table *out = table_create(7, names, f);
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < t->n_rows; i++) {
        const memory_row *row = &t->rows[i];
        if (!row->measured) continue;
        char off[SHOWN], bytes[2][SHOWN], side[2][SHOWN];
        const double by = memory_deviation(row);
        snprintf(off, sizeof off, "%+.4f %%", by);
        snprintf(bytes[0], SHOWN, "%.0f", row->measured_bytes);
        snprintf(bytes[1], SHOWN, "%s%.0f", row->computed.about ? "~" : "", row->computed.bytes);
        snprintf(side[0], SHOWN, "%.0f", row->measured_side);
        snprintf(side[1], SHOWN, "%s%.0f", row->computed.calibrates ? "~" : "", row->computed.side);
        const table_cell cells[] = { table_text(row->config->text),
                                     table_integer(t->measure),
                                     table_real_as(row->measured_bytes, bytes[0]),
                                     table_real_as(row->computed.bytes, bytes[1]),
                                     table_real_as(by, off),
                                     table_real_as(row->measured_side, side[0]),
                                     table_real_as(row->computed.side, side[1]) };
        ok = table_add(out, cells, f);
    }
    if (ok && table_rows(out)) {
        puts("\nmeasured bytes of one sequence, as the host counted them in a run:");
        ok = print_table(out, to, f);
    }
    table_free(out);
    return ok;
}

bool memory_table_print(const memory_table *t, memory_unit unit, const terminal *out, fault *f)
{
    print_shape(t);
    print_counting(t, unit);
    if (!print_sizes(t, unit, out, f)) return false;
    print_remarks(t);
    if (t->budget > 0 && !print_ceilings(t, out, f)) return false;
    return t->measure == 0 || print_measured(t, out, f);
}
