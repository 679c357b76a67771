#include "app/speed_show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/number.h"
#include "app/table.h"

enum { SHOWN = 32, FIGURES = 7 };

/* ---- for a person ---- */

static bool add_side(table *t, const speed_report *r, size_t i, speed_side side, size_t from, size_t end, fault *f)
{
    const double mib = 1048576;
    const speed_result *x = &r->result[i];
    const speed_quality *q = &x->quality[side];
    const bool own = side == SPEED_CONFIG;
    const struct {
        double value;
        const char *format;
    } figures[] = {
        { own ? x->prompt.config : x->prompt.reference, "%.1f" },
        { own ? x->generation.config : x->generation.reference, "%.1f" },
        { 1000 * (own ? x->first.config : x->first.reference), "%.1f" },
        { x->peak[side] / mib, "%.1f" },
        { (q->cache_bytes + q->side_bytes) / mib, "%.3f" },
        { q->against_exact.kld.value, "%.4g" },
        { q->against_exact.top1.value, "%.2f" },
    };
    _Static_assert(sizeof figures / sizeof *figures == FIGURES, "a name for each");
    char shown[FIGURES][SHOWN];
    table_cell cells[FIGURES + 2] = { table_text(r->names[side]), table_integer(r->depth[i]) };
    for (size_t j = from; j < end; j++) {
        snprintf(shown[j], SHOWN, figures[j].format, figures[j].value);
        cells[j - from + 2] = table_real_as(figures[j].value, shown[j]);
    }
    return table_add(t, cells, f);
}

/* The figures `from` to `end`. */
static bool print_part(const speed_report *r, const terminal *to, int width, size_t from, size_t end, fault *f)
{
    static const char *const names[FIGURES] = { "prompt t/s", "generation t/s", "first ms", "peak MiB", "cache MiB",
                                                "KLD",        "top-1 %" };
    const char *shown[FIGURES + 2] = { "config", "depth" };
    memcpy(shown + 2, names + from, (end - from) * sizeof *names);
    table *t = table_create(end - from + 2, shown, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n; i++)
        ok = add_side(t, r, i, SPEED_REFERENCE, from, end, f) && add_side(t, r, i, SPEED_CONFIG, from, end, f);
    ok = ok && table_write(t, stdout, &(table_style){ TABLE_BOX, to->utf8, width }, f);
    table_free(t);
    return ok;
}

/* Two tables where one would not fit. */
static bool print_table(const speed_report *r, const terminal *to, fault *f)
{
    enum { WIDE = 110, TIMES = 3 };
    const int width = to->is_tty ? terminal_width(to) : 0;
    if (!to->is_tty || width >= WIDE) return print_part(r, to, width, 0, FIGURES, f);
    return print_part(r, to, width, 0, TIMES, f) && print_part(r, to, width, TIMES, FIGURES, f);
}

static void print_ratio(const char *what, const speed_figure *x)
{
    printf("%s %.3fx [%.3f, %.3f]", what, x->ratio.value, x->ratio.lo, x->ratio.hi);
}

static void print_ratios(const speed_report *r, size_t i)
{
    const speed_result *x = &r->result[i];
    printf("depth %-6d ", r->depth[i]);
    print_ratio("prompt", &x->prompt);
    print_ratio(", generation", &x->generation);
    print_ratio(", first token", &x->first);
    putchar('\n');
}

static void print_codecs(const speed_report *r, speed_side side)
{
    const speed_quality *q = &r->result[0].quality[side];
    if (q->encode_gbs > 0)
        printf("%s: codecs encode %.3f GB/s and decode %.3f GB/s of f32 on one thread, set up in %.3f s\n",
               r->names[side], q->encode_gbs, q->decode_gbs, q->setup_s);
}

/* What a token's time goes into. */
static bool print_parts(const speed_report *r, const terminal *to, fault *f)
{
    enum { PARTS = 6 };
    static const char *const names[] = { "config", "depth",  "ms/token", "weights",
                                         "encode", "scores", "mix",      "skipped %" };
    table *t = table_create(sizeof names / sizeof *names, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n; i++)
        for (int side = 0; ok && side < SPEED_SIDES; side++) {
            const speed_parts *p = &r->result[i].parts[side];
            const double values[PARTS] = { p->total, p->total - p->take - p->scores - p->mix,
                                           p->take,  p->scores,
                                           p->mix,   100 * p->skipped };
            char shown[PARTS][SHOWN];
            table_cell cells[PARTS + 2] = { table_text(r->names[side]), table_integer(r->depth[i]) };
            if (!p->known) continue;
            for (size_t j = 0; j < PARTS; j++) {
                snprintf(shown[j], SHOWN, j + 1 < PARTS ? "%.3f" : "%.1f", values[j]);
                cells[j + 2] = table_real_as(values[j], shown[j]);
            }
            ok = table_add(t, cells, f);
        }
    if (ok)
        puts(
            "milliseconds of a generated token, by what they went into; and pairs of a query and a row with weight 0:");
    ok = ok && table_write(t, stdout, &(table_style){ TABLE_BOX, to->utf8, to->is_tty ? terminal_width(to) : 0 }, f);
    table_free(t);
    return ok;
}

bool speed_report_growth(const speed_report *r, speed_side side, double *constant, double *per_1k)
{
    double depth[SPEED_DEPTHS], ms[SPEED_DEPTHS];
    for (size_t i = 0; i < r->n; i++) {
        depth[i] = r->depth[i] + r->prompt + 0.5 * r->generate;
        ms[i] = r->result[i].parts[side].total;
    }
    return speed_growth(depth, ms, r->n, constant, per_1k);
}

static void print_growth(const speed_report *r, speed_side side)
{
    double constant, per_1k;
    if (speed_report_growth(r, side, &constant, &per_1k))
        printf("%s: a token takes %.3f ms, and %.4f ms for each 1024 positions in the cache\n", r->names[side],
               constant, per_1k);
}

/* A bar for each time, to one scale. */
static void print_bars(const speed_report *r, const terminal *to)
{
    enum { BAR = 48 };
    double most = 0;
    for (size_t i = 0; i < 2 * r->n; i++)
        most = fmax(most, r->result[i / 2].parts[i % 2].total);
    puts("milliseconds of a generated token:");
    for (size_t i = 0; i < 2 * r->n; i++) {
        const double ms = r->result[i / 2].parts[i % 2].total;
        const int n = (int)lround(BAR * ms / most);
        printf("%8d %-24.24s ", r->depth[i / 2], r->names[i % 2]);
        for (int j = 0; j < n; j++)
            fputs(to->utf8 ? (i % 2 == SPEED_CONFIG ? "\u2588" : "\u2592") : i % 2 == SPEED_CONFIG ? "#" : "=", stdout);
        printf(" %.3f\n", ms);
    }
}

static void print_fill(const speed_report *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->filled[i] > 0)
            printf("depth %-6d filled with the rows of %d tokens, over and over: the same ones for every cache\n",
                   r->depth[i], r->filled[i]);
}

static void print_road(const speed_report *r, speed_side side)
{
    const speed_quality *q = &r->result[0].quality[side];
    if (q->layers > 0)
        printf("%s: of %d layers %d score keys and %d mix values as bytes, the others decode them for each token\n",
               r->names[side], q->layers, q->fused_keys, q->fused_values);
}

static void print_said(const speed_report *r, size_t i)
{
    const speed_result *x = &r->result[i];
    printf("depth %-6d generated %d tokens, the first %d alike; their hashes %.12s and %.12s%s\n", r->depth[i],
           r->generate, x->common, x->quality[SPEED_REFERENCE].ids, x->quality[SPEED_CONFIG].ids,
           x->stable ? "" : "; NOT THE SAME IN EVERY REPETITION");
}

bool speed_print(const speed_report *r, const terminal *to, fault *f)
{
    const speed_quality *q = &r->result[0].quality[SPEED_CONFIG];
    printf("%s beside %s, on %s, text %s\n", r->names[SPEED_CONFIG], r->names[SPEED_REFERENCE], r->model, r->text);
    printf("%d tokens read and %d generated %d times each, in turns, on %d threads; medians\n", r->prompt, r->generate,
           r->reps, r->threads);
    puts(r->decoded ? "caches are rows, each decoded once, as an evaluation has them"
                    : "caches of configs are bytes, as an engine keeps them");
    print_fill(r);
    if (!print_table(r, to, f)) return false;
    puts("config / reference, ratio of the medians with its 95 % interval:");
    for (size_t i = 0; i < r->n; i++)
        print_ratios(r, i);
    print_codecs(r, SPEED_REFERENCE);
    print_codecs(r, SPEED_CONFIG);
    print_road(r, SPEED_REFERENCE);
    print_road(r, SPEED_CONFIG);
    if (!r->decoded && !print_parts(r, to, f)) return false;
    print_growth(r, SPEED_REFERENCE);
    print_growth(r, SPEED_CONFIG);
    if (r->plot) print_bars(r, to);
    for (size_t i = 0; i < r->n; i++)
        print_said(r, i);
    printf("KLD and top-1: forced through the same tokens, against the exact cache, %zu positions at each depth\n",
           q->against_exact.n);
    return true;
}
