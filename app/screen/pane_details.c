/* One run in full: its config, what it costs, how far it is from the reference, and which layers are to blame. */
#include "app/screen/details.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/screen/details_layers.h"
#include "app/screen/details_suite.h"
#include "base/clock.h"

typedef struct details_pane {
    pane base;
    int64_t id; /* whose details are held; 0: nobody's */
    board_details held;
    fault why;       /* when they could not be read */
    double tried_at; /* and when that was */
    int scroll, lines;
} details_pane;

/* ---- writing lines ---- */

static const char *sign(const pen *p, const char *utf8, const char *ascii)
{
    return p->tui->terminal.utf8 ? utf8 : ascii;
}

static void field(pen *p, const char *name, tui_look look, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void field(pen *p, const char *name, tui_look look, const char *format, ...)
{
    enum { LABEL = 9 };
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tui_put(p->tui, p->area, p->line, 0, LOOK_DIM, name);
    pen_wrap(p, LABEL, look, text);
}

/* ---- what there is to say ---- */

static double per_value(const store_run *r, int64_t bytes)
{
    return 8 * (double)bytes / (double)r->n_values;
}

static tui_look verdict_look(const char *verdict)
{
    return strncmp(verdict, "ACCEPT", 6) == 0 ? LOOK_GOOD : strncmp(verdict, "MARGINAL", 8) == 0 ? LOOK_WARN : LOOK_BAD;
}

/* The lines that matter most, in the order in which a low pane cuts them off. */
static void write_first(pen *p, const store_run *r)
{
    field(p, "bytes", LOOK_PLAIN, "%.3fx, %.4f bits/value: payload %.4g, metadata %.4g, exact %.4g", r->ratio,
          r->bits_per_value, per_value(r, r->payload_bytes), per_value(r, r->metadata_bytes),
          per_value(r, r->exact_bytes));
    field(p, "KLD", LOOK_PLAIN, "%.6g [%.6g, %.6g] nats", r->kld.value, r->kld.lo, r->kld.hi);
    if (p->area.width < 76) {
        field(p, sign(p, "Δppl", "dppl"), LOOK_PLAIN, "%+.4f %% [%+.4f, %+.4f]", r->dppl.value, r->dppl.lo, r->dppl.hi);
        field(p, "top-1", LOOK_PLAIN, "%.3f %% [%.3f, %.3f]", r->top1.value, r->top1.lo, r->top1.hi);
        return;
    }
    field(p, sign(p, "Δppl", "dppl"), LOOK_PLAIN, "%+.4f %% [%+.4f, %+.4f]   top-1 %.3f %% [%.3f, %.3f]", r->dppl.value,
          r->dppl.lo, r->dppl.hi, r->top1.value, r->top1.lo, r->top1.hi);
}

static void write_rest(pen *p, const store_run *r)
{
    field(p, "verdict", verdict_look(r->verdict), "%s", r->verdict);
    if (*r->verdict_note) field(p, "warning", LOOK_WARN, "%s", r->verdict_note);
    field(p, "tail", LOOK_PLAIN, "KLD median %.3g, p99 %.3g, p99.9 %.3g, max %.3g", r->kld_median, r->kld_p99,
          r->kld_p999, r->kld_max);
    field(p, sign(p, "RMS Δp", "RMS dp"), LOOK_PLAIN, "%.4f %% [%.4f, %.4f]", r->rms_dp.value, r->rms_dp.lo,
          r->rms_dp.hi);
    field(p, "ppl", LOOK_PLAIN, "%.4f %s %.4f", r->ppl_ref, sign(p, "→", "->"), r->ppl);
    field(p, "side", LOOK_PLAIN, "%" PRId64 " bytes once per model; with them %.3fx at ctx %" PRId64 ", %.3fx at 128K",
          r->side_bytes, r->ratio_ctx, r->ctx, r->ratio_128k);
}

static void write_where(pen *p, const store_run *r)
{
    char when[32] = "", eval[48] = "";
    const time_t at = (time_t)r->started;
    struct tm utc;
    if (gmtime_r(&at, &utc)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &utc);
    if (r->eval > 0) snprintf(eval, sizeof eval, ", eval %" PRId64, r->eval);
    field(p, "on", LOOK_PLAIN, "%s (%s, %s), text %s, %s, ctx %" PRId64 "%s, %" PRId64 " %s, seed %" PRId64 "%s%s",
          r->model.name, r->model.arch, r->model.weight_type, r->text.name, r->protocol, r->ctx, eval, r->passages,
          *r->suite ? "items" : "passages", r->seed, *r->suite_options ? ", " : "", r->suite_options);
    field(p, "model", LOOK_PLAIN, "%s", r->model.path);
    if (*r->calibration.hash)
        field(p, "calib.", LOOK_PLAIN, "%s, %" PRId64 " tokens (%.16s)", r->calibration.text, r->calibration.tokens,
              r->calibration.hash);
    if (isnan(r->ms_per_token) && strcmp(r->status, "done") == 0)
        field(p, "when", LOOK_PLAIN, "%s UTC, %.2f s on %" PRId64 " threads, peak %.0f MiB", when, r->wall_s,
              r->threads, (double)r->peak_rss_bytes / (1 << 20));
    else if (isnan(r->ms_per_token))
        field(p, "when", LOOK_PLAIN, "%s UTC", when);
    else
        field(p, "when", LOOK_PLAIN,
              "%s UTC, %.2f s on %" PRId64 " threads, %.3f ms per token and layer, peak %.0f MiB", when, r->wall_s,
              r->threads, r->ms_per_token, (double)r->peak_rss_bytes / (1 << 20));
}

static void write_run(pen *p, const board_details *d)
{
    const store_run *r = d->run;
    field(p, "config", LOOK_BOLD, "%s", r->config.canonical);
    const bool done = strcmp(r->status, "done") == 0;
    if (done) {
        details_suite(p, d);
        write_first(p, r);
        layers_sparks(p, d->layers, d->n_layers);
        write_rest(p, r);
    } else {
        const bool apart = *r->phase && !strstr(r->reason, r->phase); /* many a reason names it */
        field(p, "failed", LOOK_BAD, "%s%s%s", r->reason, apart ? ", while " : "", apart ? r->phase : "");
    }
    write_where(p, r);
    if (done) details_suite_rest(p, d);
    if (!done || d->n_layers == 0) return;
    p->line++;
    layers_bars(p, d->layers, d->n_layers);
}

/* ---- the pane ---- */

static void forget(details_pane *p)
{
    board_details_free(&p->held);
    p->held = (board_details){ 0 };
    p->id = 0;
}

/* What the run's number and its row belong to: another database may have others.
 * A database that is busy is asked again after a while, not at every key. */
static bool hold(details_pane *p, view *v, const board_row *row)
{
    const store_run *held = p->id == v->chosen ? p->held.run : NULL;
    if (held && held->started == row->started && strcmp(held->config.canonical, row->config) == 0) return true;
    if (p->id == v->chosen && clock_seconds() - p->tried_at < 1) return false;
    if (p->id != v->chosen) p->scroll = 0;
    forget(p);
    p->id = v->chosen;
    p->why = (fault){ 0 };
    p->tried_at = clock_seconds();
    return board_read_details(v->board, v->chosen, &p->held, &p->why);
}

/* Once to count the lines, and where that shows that it was scrolled too far, once more. Returns how many are below. */
static int write_scrolled(details_pane *p, tui *t, rect below)
{
    for (int again = 0; again < 2; again++) {
        pen writer = { .tui = t, .area = below, .line = -p->scroll };
        tui_clear(t, below);
        write_run(&writer, &p->held);
        p->lines = writer.line + p->scroll;
        const int most = p->lines > below.height ? p->lines - below.height : 0;
        if (p->scroll <= most) break;
        p->scroll = most;
    }
    return p->lines - p->scroll - below.height;
}

static void draw(pane *base, view *v, rect r, bool focused)
{
    details_pane *p = (details_pane *)base;
    char right[128] = "";
    const board_row *row = v->chosen ? board_find(v->board, v->chosen) : NULL;
    const rect below = { r.row + 1, r.column, r.height - 1, r.width };
    int more = 0;
    if (row && below.height > 0) {
        if (hold(p, v, row))
            more = write_scrolled(p, v->tui, below);
        else
            tui_put(v->tui, below, 0, 0, LOOK_BAD, p->why.text);
    }
    if (row && more > 0 && focused)
        snprintf(right, sizeof right, "%d more below, run %" PRId64, more, row->id);
    else if (row)
        snprintf(right, sizeof right, "run %" PRId64 " %s%s", row->id, row->done ? row->verdict : "failed",
                 row->pinned ? ", pinned" : "");
    tui_rule(v->tui, r, 0, focused ? LOOK_ACCENT : LOOK_DIM, "3 details", right);
}

void pane_details_scroll(pane *base, int lines)
{
    details_pane *p = (details_pane *)base;
    const int most = p->lines > 0 ? p->lines : 0;
    const int to = p->scroll + (lines > most ? most : lines < -most ? -most : lines);
    p->scroll = to < 0 ? 0 : to;
}

static bool mouse(pane *base, view *v, rect r, const tui_mouse *m)
{
    (void)v;
    (void)r;
    if (!m->wheel_up && !m->wheel_down) return false;
    pane_details_scroll(base, m->wheel_up ? -3 : 3);
    return true;
}

static void release(pane *base)
{
    forget((details_pane *)base);
    free(base);
}

static const pane_type type = { "details", NULL, draw, mouse, release };

pane *pane_details_create(fault *f)
{
    details_pane *p = calloc(1, sizeof *p);
    if (!p) {
        fault_memory(f, "the details of a run");
        return NULL;
    }
    p->base.type = &type;
    return &p->base;
}
