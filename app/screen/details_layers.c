#include "app/screen/details_layers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- text ---- */

/* How many bytes of the text fit into `width` columns, broken where it may be. */
static size_t fitting(const char *text, int width)
{
    const size_t n = strlen(text);
    if ((int)n <= width) return n;
    size_t end = (size_t)width;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--; /* not within a character */
    for (size_t i = end; i > end / 2; i--)
        if (text[i - 1] == ' ' || text[i - 1] == ',') return i;
    return end > 0 ? end : n;
}

void pen_wrap(pen *p, int column, tui_look look, const char *text)
{
    const int width = p->area.width - column;
    char part[4096];
    do {
        size_t n = width > 4 ? fitting(text, width) : strlen(text);
        if (n >= sizeof part) n = sizeof part - 1;
        memcpy(part, text, n);
        part[n] = '\0';
        tui_put(p->tui, p->area, p->line++, column, look, part);
        text += n;
    } while (*text);
}

/* ---- the scale of a side ---- */

typedef struct side {
    char name;     /* 'k' or 'v' */
    double lo, hi; /* decadic logarithms */
    int64_t worst; /* layer; -1: there is none */
    double error;  /* its */
    size_t n;
} side;

static bool is_of(const store_layer *l, char name)
{
    return l->stream[0] == name;
}

static side measure(const store_layer *layers, size_t n, char name)
{
    side s = { .name = name, .lo = INFINITY, .hi = -INFINITY, .worst = -1 };
    for (size_t i = 0; i < n; i++) {
        if (!is_of(&layers[i], name)) continue;
        const double e = layers[i].rel_error;
        s.n++;
        if (!(e > 0) || isinf(e)) continue;
        if (log10(e) < s.lo) s.lo = log10(e);
        if (s.worst < 0 || e > s.error) {
            s.worst = layers[i].layer;
            s.error = e;
            s.hi = log10(e);
        }
    }
    s.lo = floor(s.lo - 1e-9);
    return s;
}

/* 0 (no error) ... 1 (the worst). */
static double height_of(const side *s, double error)
{
    if (!(error > 0) || isinf(error) || !(s->hi > s->lo)) return 0;
    return (log10(error) - s->lo) / (s->hi - s->lo);
}

/* ---- a character a layer ---- */

enum { LABEL = 9, WORST = 23 /* columns: what is said of the worst layer, and a blank before it */ };

/* Returns the column behind it. */
static int spark(pen *p, int at, int room, const store_layer *layers, size_t n, const side *s)
{
    static const char *const steps[2][9] = { { " ", ".", ":", "-", "=", "+", "*", "%", "@" },
                                             { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" } };
    const size_t per = (s->n + (size_t)room - 1) / (size_t)room; /* layers a character stands for: the worst of them */
    double highest = 0;
    bool worst = false;
    size_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_of(&layers[i], s->name)) continue;
        highest = fmax(highest, height_of(s, layers[i].rel_error));
        worst = worst || layers[i].layer == s->worst;
        if (++seen % per != 0 && seen != s->n) continue;
        const int step = highest > 0 ? 1 + (int)(highest * 7 + 0.5) : 0;
        at = tui_put(p->tui, p->area, p->line, at, worst ? LOOK_BAD : LOOK_PLAIN, steps[p->tui->terminal.utf8][step]);
        highest = 0;
        worst = false;
    }
    if (s->worst < 0) return tui_put(p->tui, p->area, p->line, at + 1, LOOK_PLAIN, "no error");
    return tui_print(p->tui, p->area, p->line, at + 1, LOOK_PLAIN, "layer %" PRId64 ", %.3g", s->worst, s->error);
}

void layers_sparks(pen *p, const store_layer *layers, size_t n)
{
    enum { SIDE = 2, GAP = 3, LOW = 7 /* lines: where every one counts */ };
    const side sides[2] = { measure(layers, n, 'k'), measure(layers, n, 'v') };
    const int whole = p->area.width - LABEL - SIDE - WORST, half = (p->area.width - LABEL - GAP) / 2 - SIDE - WORST;
    const int layers_most = (int)(sides[0].n > sides[1].n ? sides[0].n : sides[1].n);
    const bool beside = half >= layers_most || (half >= 8 && p->area.height < LOW);
    const int room = beside ? half : whole;
    int at = LABEL;
    if (sides[0].n + sides[1].n == 0) return;
    tui_put(p->tui, p->area, p->line, 0, LOOK_DIM, "worst");
    for (int i = 0; i < 2; i++) {
        if (sides[i].n == 0) continue;
        at = tui_put(p->tui, p->area, p->line, at, LOOK_DIM, i == 0 ? "K " : "V ");
        at = spark(p, at, room > 8 ? room : 8, layers, n, &sides[i]) + GAP;
        if (beside) continue;
        p->line++;
        at = LABEL;
    }
    if (beside) p->line++;
}

/* ---- a line a layer ---- */

enum { NUMBER = 10, LAYER = 6 };

static void bar(pen *p, int column, int width, const side *s, const store_layer *l)
{
    static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
    const bool worst = l->layer == s->worst;
    const int length = width - NUMBER - 3;
    if (length < 1) return;
    const tui_look look = worst ? LOOK_BAD : LOOK_PLAIN;
    const double height = height_of(s, l->rel_error);
    const int parts = (int)(height * length * 8 + 0.5);
    int at = column;
    for (int i = 0; i < parts / 8; i++)
        at = tui_put(p->tui, p->area, p->line, at, look, p->tui->terminal.utf8 ? "█" : "#");
    if (p->tui->terminal.utf8 && parts % 8)
        at = tui_put(p->tui, p->area, p->line, at, look, eighths[parts % 8]);
    else if (parts % 8 >= 4 || (height > 0 && parts < 8))
        at = tui_put(p->tui, p->area, p->line, at, look, "#");
    at = tui_print(p->tui, p->area, p->line, at + (at > column), look, "%.3g", l->rel_error);
    if (worst) tui_put(p->tui, p->area, p->line, at + 1, look, p->tui->terminal.utf8 ? "◄" : "<");
}

void layers_bars(pen *p, const store_layer *layers, size_t n)
{
    const side k = measure(layers, n, 'k'), v = measure(layers, n, 'v');
    const int half = (p->area.width - LAYER) / 2;
    tui_put(p->tui, p->area, p->line, 0, LOOK_DIM, "layer");
    tui_put(p->tui, p->area, p->line, LAYER, LOOK_DIM, "K error, log scale");
    tui_put(p->tui, p->area, p->line++, LAYER + half, LOOK_DIM, "V error, log scale");
    for (size_t i = 0; i < n; i++) {
        const bool begins = i == 0 || layers[i].layer != layers[i - 1].layer;
        if (begins && i > 0) p->line++;
        if (begins) tui_print(p->tui, p->area, p->line, 0, LOOK_DIM, "%5" PRId64, layers[i].layer);
        if (is_of(&layers[i], 'k'))
            bar(p, LAYER, half, &k, &layers[i]);
        else
            bar(p, LAYER + half, half, &v, &layers[i]);
    }
    p->line++;
}
