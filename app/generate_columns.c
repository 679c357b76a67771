#include "app/generate_columns.h"

#include <stdlib.h>
#include <string.h>

#include "app/columns.h"

enum { GAP = 3, TAB = 4, CROWD = 4 }; /* CROWD: glyphs a column may hold, for those without width */

typedef struct cell {
    char bytes[8];
    int width;
    bool marked;
} cell;

typedef struct row {
    cell *cells;
    int n;
} row;

typedef struct side {
    const generate_answer *answer;
    size_t fed;     /* bytes laid out */
    bool marked;    /* the mark has been set */
    bool ended;     /* the end has been said, where that is what differs */
    row *rows;      /* the last one grows */
    size_t n, room; /* rows; n >= 1 once there is anything */
    int used;       /* columns of the last row */
} side;

struct generate_columns {
    FILE *to;
    terminal terminal;
    columns width_of;
    side sides[GENERATE_SIDES];
    size_t n_sides, written; /* rows on the screen for good */
    int width;
    bool out_of_memory; /* then the rest of the text is not laid out */
};

const char *generate_mark(const terminal *t)
{
    return t->utf8 ? "\xe2\x96\xb8" : ">"; /* a small triangle */
}

int generate_columns_width(const terminal *t, size_t n)
{
    return (terminal_width(t) - 1 - GAP * ((int)n - 1)) / (int)n; /* a line that is full would wrap on some terminals */
}

/* ---- laying out ---- */

static row *last_row(side *s)
{
    return &s->rows[s->n - 1];
}

static bool begin_row(generate_columns *v, side *s)
{
    if (s->n == s->room) {
        const size_t room = s->room ? 2 * s->room : 32;
        row *grown = reallocarray(s->rows, room, sizeof *grown);
        if (!grown) return !(v->out_of_memory = true);
        s->rows = grown;
        s->room = room;
    }
    cell *cells = reallocarray(NULL, (size_t)(CROWD * v->width), sizeof *cells);
    if (!cells) return !(v->out_of_memory = true);
    s->rows[s->n++] = (row){ cells, 0 };
    s->used = 0;
    return true;
}

static bool is_blank(const cell *c)
{
    return strcmp(c->bytes, " ") == 0;
}

/* The cells behind the row's last blank go to the next row, when there is one. */
static bool wrap(generate_columns *v, side *s)
{
    row *full = last_row(s);
    int from = full->n;
    while (from > 0 && !is_blank(&full->cells[from - 1]))
        from--;
    if (from == 0) from = full->n;
    const int n = full->n - from;
    if (!begin_row(v, s)) return false;
    full = &s->rows[s->n - 2]; /* rows may have moved */
    row *next = last_row(s);
    memcpy(next->cells, full->cells + from, (size_t)n * sizeof *next->cells);
    next->n = n;
    for (int i = 0; i < n; i++)
        s->used += next->cells[i].width;
    full->n = from;
    return true;
}

static void put_cell(generate_columns *v, side *s, const char *bytes, int width, bool marked)
{
    if (s->n == 0 && !begin_row(v, s)) return;
    const bool full = s->used + width > v->width || last_row(s)->n == CROWD * v->width;
    if (full && strcmp(bytes, " ") == 0) {
        begin_row(v, s); /* the blank is where the line breaks */
        return;
    }
    if (full && !wrap(v, s)) return;
    if (s->used + width > v->width && !begin_row(v, s)) return;
    row *r = last_row(s);
    cell *c = &r->cells[r->n++];
    *c = (cell){ .width = width, .marked = marked };
    snprintf(c->bytes, sizeof c->bytes, "%s", bytes);
    s->used += width;
}

static void put_mark(generate_columns *v, side *s)
{
    if (!s->marked) put_cell(v, s, generate_mark(&v->terminal), 1, true);
    s->marked = true;
}

static void put_glyph(generate_columns *v, side *s, const char *bytes, size_t n, bool marked)
{
    const glyph g = columns_glyph(&v->width_of, bytes, n);
    const bool line_end = *bytes == '\n';
    if (marked) put_mark(v, s);
    for (int i = 0; *bytes == '\t' && i < TAB; i++)
        put_cell(v, s, " ", 1, marked);
    if (g.bytes[0] == '\\' && *bytes != '\\') { /* a control character, shown */
        for (const char *at = g.bytes; *bytes != '\t' && (!line_end || marked) && *at; at++)
            put_cell(v, s, (char[]){ *at, 0 }, 1, marked);
    } else {
        put_cell(v, s, g.bytes, g.width, marked);
    }
    if (line_end && (s->n > 0 || begin_row(v, s))) begin_row(v, s);
}

/* ---- what may be shown ---- */

/* The first token of side i that differs from the first side's; of the first side: from any other's. */
static size_t parting_of(const generate_columns *v, size_t i)
{
    size_t first = SIZE_MAX;
    for (size_t j = 1; j < v->n_sides; j++) {
        if (i != 0 && i != j) continue;
        const size_t at = generate_parting(v->sides[0].answer, v->sides[j].answer);
        if (at < first) first = at;
    }
    return first;
}

/* Tokens of side j of which it is known whether they differ. */
static size_t known_of(const generate_columns *v, size_t j)
{
    const generate_answer *a = v->sides[0].answer, *b = v->sides[j].answer;
    if ((a->over && b->over) || generate_parting(a, b) != SIZE_MAX) return SIZE_MAX;
    if (a->over && !a->done) return SIZE_MAX; /* there is nothing to wait for */
    if (b->over && !b->done) return SIZE_MAX;
    return a->n < b->n ? a->n : b->n;
}

static size_t limit_of(const generate_columns *v, size_t i)
{
    size_t limit = v->sides[i].answer->n;
    for (size_t j = 1; j < v->n_sides; j++) {
        const size_t known = i == 0 || i == j ? known_of(v, j) : SIZE_MAX;
        if (known < limit) limit = known;
    }
    return limit;
}

static void feed(generate_columns *v, size_t i)
{
    side *s = &v->sides[i];
    const generate_answer *a = s->answer;
    const size_t tokens = limit_of(v, i), parting = parting_of(v, i);
    const bool marks = parting < a->n, last = a->over && tokens == a->n;
    const size_t from = marks ? generate_token_begin(a, parting) : SIZE_MAX, to = marks ? a->ends[parting] : SIZE_MAX;
    const size_t shown = generate_token_begin(a, tokens);
    const size_t n = last ? shown : generate_whole(a->bytes, shown);
    while (s->fed < n && !v->out_of_memory) {
        int32_t point;
        const size_t taken = columns_decode(a->bytes + s->fed, n - s->fed, &point);
        put_glyph(v, s, a->bytes + s->fed, n - s->fed, s->fed < to && s->fed + taken > from);
        s->fed += taken;
    }
    if (!last || s->ended || parting != a->n) return;
    s->ended = true;
    put_mark(v, s);
    for (const char *at = "(end)"; *at; at++)
        put_cell(v, s, (char[]){ *at, 0 }, 1, true);
}

/* ---- drawing ---- */

static void write_side(const generate_columns *v, const side *s, size_t at)
{
    int used = 0;
    bool marked = false;
    for (int i = 0; at < s->n && i < s->rows[at].n; i++) {
        const cell *c = &s->rows[at].cells[i];
        if (c->marked != marked) fputs(terminal_style(&v->terminal, c->marked ? STYLE_WARN : STYLE_PLAIN), v->to);
        marked = c->marked;
        fputs(c->bytes, v->to);
        used += c->width;
    }
    if (marked) fputs(terminal_style(&v->terminal, STYLE_PLAIN), v->to);
    fprintf(v->to, "%*s", v->width - used, "");
}

static void write_gap(const generate_columns *v, const char *utf8, const char *ascii)
{
    fprintf(v->to, "%s%s%s", terminal_style(&v->terminal, STYLE_DIM), v->terminal.utf8 ? utf8 : ascii,
            terminal_style(&v->terminal, STYLE_PLAIN));
}

static void write_row(const generate_columns *v, size_t at)
{
    for (size_t i = 0; i < v->n_sides; i++) {
        if (i > 0) write_gap(v, " \xe2\x94\x82 ", " | ");
        write_side(v, &v->sides[i], at);
    }
}

static void write_headings(const generate_columns *v)
{
    for (size_t i = 0; i < v->n_sides; i++) {
        const char *label = v->sides[i].answer->label;
        if (i > 0) write_gap(v, " \xe2\x94\x82 ", " | ");
        fputs(terminal_style(&v->terminal, STYLE_BOLD), v->to);
        columns_put(&v->width_of, v->to, label, strlen(label), v->width, false);
        fputs(terminal_style(&v->terminal, STYLE_PLAIN), v->to);
    }
    fputc('\n', v->to);
    for (size_t i = 0; i < v->n_sides; i++) {
        if (i > 0) write_gap(v, "\xe2\x94\x80\xe2\x94\xbc\xe2\x94\x80", "-+-");
        for (int c = 0; c < v->width; c++)
            write_gap(v, "\xe2\x94\x80", "-");
    }
    fputc('\n', v->to);
}

/* Will nothing more come into this row of the side? */
static bool is_whole(const side *s, size_t at)
{
    return at + 1 < s->n || (s->answer->over && s->fed == s->answer->n_bytes);
}

void generate_columns_show(generate_columns *v)
{
    size_t most = 0;
    for (size_t i = 0; i < v->n_sides; i++) {
        feed(v, i);
        if (v->sides[i].n > most) most = v->sides[i].n;
    }
    for (bool whole = true; whole && v->written + 1 < most;) {
        for (size_t i = 0; i < v->n_sides; i++)
            whole = whole && is_whole(&v->sides[i], v->written);
        if (!whole) break;
        if (v->terminal.moves) fputc('\r', v->to);
        write_row(v, v->written++);
        fputc('\n', v->to);
    }
    if (v->terminal.moves && v->written < most) {
        fputc('\r', v->to);
        write_row(v, v->written);
        fputc('\r', v->to); /* what a terminal echoes is written over, too */
    }
    fflush(v->to);
}

generate_columns *generate_columns_open(FILE *to, const terminal *t, const generate_answer *answers, size_t n, fault *f)
{
    generate_columns *v = calloc(1, sizeof *v);
    if (!v) {
        fault_memory(f, "the columns");
        return NULL;
    }
    *v = (generate_columns){ .to = to, .terminal = *t, .n_sides = n, .width = generate_columns_width(t, n) };
    columns_enter(&v->width_of, t->utf8);
    for (size_t i = 0; i < n; i++)
        v->sides[i].answer = &answers[i];
    write_headings(v);
    fflush(to);
    return v;
}

void generate_columns_close(generate_columns *v)
{
    if (!v) return;
    generate_columns_show(v);
    size_t most = 0;
    for (size_t i = 0; i < v->n_sides; i++)
        if (v->sides[i].n > most) most = v->sides[i].n;
    while (v->written < most) {
        if (v->terminal.moves) fputc('\r', v->to);
        write_row(v, v->written++);
        fputc('\n', v->to);
    }
    fflush(v->to);
    columns_leave(&v->width_of);
    for (size_t i = 0; i < v->n_sides; i++) {
        for (size_t r = 0; r < v->sides[i].n; r++)
            free(v->sides[i].rows[r].cells);
        free(v->sides[i].rows);
    }
    free(v);
}
