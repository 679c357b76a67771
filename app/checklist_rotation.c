/* Item 1: the axes that were found are the rows of a rotation by signs and a Walsh-Hadamard transform. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/checklist_work.h"
#include "kernels/wht.h"

#define MOST_SKEW 1e-5
#define FLAT      2e-5 /* entries of a Hadamard matrix are alike: 1e-6 of 1/sqrt(128), and f32 on the way */

/* What was seen of the rotation of a part, and at most over all parts. */
typedef struct rotation_seen {
    double low, high;    /* of its entries' magnitudes, times √n */
    double skew;         /* largest entry of R R' - I */
    bool walsh, hartley; /* signs and a Walsh-Hadamard transform; kvant's form for lengths that are no power of two */
    bool published;      /* with the signs of TurboQuant, rows in the order of the codes */
    size_t least, most;  /* columns of a part */
} rotation_seen;

static double entry(const probe *p, const probe_part *part, size_t i, size_t j)
{
    return (double)p->direction[part->axes[i] * p->dim + part->columns[j]];
}

static void look_at_entries(const probe *p, const probe_part *part, rotation_seen *seen)
{
    const double root = sqrt((double)part->n_columns);
    for (size_t i = 0; i < part->n_axes; i++) {
        for (size_t j = 0; j < part->n_columns; j++) {
            const double x = root * fabs(entry(p, part, i, j));
            seen->low = fmin(seen->low, x);
            seen->high = fmax(seen->high, x);
        }
        for (size_t k = 0; k <= i; k++) {
            const double product = probe_along(p, p->direction + part->axes[i] * p->dim, part->axes[k]);
            seen->skew = fmax(seen->skew, fabs(product - (i == k)));
        }
    }
}

/* A row of D(s2) H D(s1), times the first of them, is a row of H but for its sign: the value at j is the product of
 * those at the powers of two in j. */
static bool is_walsh_row(const probe *p, const probe_part *part, size_t row)
{
    const double first = entry(p, part, row, 0) * entry(p, part, 0, 0);
    for (size_t j = 1; j < part->n_columns; j++) {
        const size_t low = j & (~j + 1), rest = j - low;
        const double at_j = entry(p, part, row, j) * entry(p, part, 0, j);
        const double at_low = entry(p, part, row, low) * entry(p, part, 0, low);
        const double at_rest = entry(p, part, row, rest) * entry(p, part, 0, rest);
        if (rest && (at_j * first > 0) != (at_low * at_rest > 0)) return false;
    }
    return true;
}

static bool is_walsh(const probe *p, const probe_part *part)
{
    const size_t n = part->n_columns;
    if (n < 2 || (n & (n - 1)) != 0) return false;
    for (size_t i = 0; i < part->n_axes; i++) {
        for (size_t j = 0; j < n; j++)
            if (entry(p, part, i, j) == 0) return false;
        if (!is_walsh_row(p, part, i)) return false;
    }
    return true;
}

/* The rows of kvant's rotation of this length: equal to the axes one by one, or to all of them in some order and with
 * any signs. */
static void compare_with_known(const probe *p, const probe_part *part, bool *same, bool *some_order)
{
    const size_t n = part->n_columns;
    wht known;
    *same = *some_order = false;
    if (n > WHT_MAX || n != part->n_axes || !wht_init(&known, (int)n)) return;
    float *rows = verify_memory(n * n * sizeof *rows); /* column j of R is R e_j: this is R' */
    memset(rows, 0, n * n * sizeof *rows);
    for (size_t j = 0; j < n; j++)
        rows[j * n + j] = 1.0f;
    wht_forward(&known, rows, n);
    *same = *some_order = true;
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < n && (!found || *same); k++) {
            double off[2] = { 0, 0 };
            for (size_t j = 0; j < n; j++) {
                const double x = entry(p, part, i, j), y = (double)rows[j * n + k];
                off[0] = fmax(off[0], fabs(x - y));
                off[1] = fmax(off[1], fabs(x + y));
            }
            found = found || fmin(off[0], off[1]) < 1e-5;
            if (k == i) *same = *same && off[0] < 1e-5;
        }
        *some_order = *some_order && found;
    }
    free(rows);
}

static void look_at_part(const probe *p, const probe_part *part, rotation_seen *seen)
{
    bool same, some_order;
    look_at_entries(p, part, seen);
    compare_with_known(p, part, &same, &some_order);
    const bool walsh = is_walsh(p, part);
    seen->walsh = seen->walsh && walsh;
    seen->hartley = seen->hartley && (walsh || some_order);
    seen->published = seen->published && same;
    if (part->n_columns < seen->least) seen->least = part->n_columns;
    if (part->n_columns > seen->most) seen->most = part->n_columns;
}

/* Its bytes and rows for keys and values, of the first and the last layer and both heads, and of another process. */
static bool same_everywhere(checklist *c, char *text, size_t room)
{
    char print[CHECKLIST_PRINT];
    fault f = { 0 };
    if (!c->print) return snprintf(text, room, "not compared with another process"), true;
    if (!checklist_fingerprint(c->v.known, c->v.spec, (int)c->v.dim, print, &f))
        return snprintf(text, room, "none of them: %.100s", f.text), false;
    const bool same = strcmp(print, c->print) == 0;
    snprintf(text, room, same ? "and in 2 processes" : "another in another process");
    return same;
}

/* One encoding, decoded for every kind of stream: 0, or the number of streams where other rows come back. */
static int streams_apart(checklist *c, int *streams)
{
    probe *p = &c->probe;
    int apart = 0;
    float *row = verify_memory(p->dim * sizeof *row);
    *streams = 0;
    for (int i = 0; i < 8; i++) {
        kvant_shape shape = c->v.shape;
        trial t;
        shape.stream = i & 1 ? KVANT_V : KVANT_K;
        shape.layer = i & 2 ? shape.n_layers - 1 : 0;
        shape.head = i & 4 ? shape.n_heads - 1 : 0;
        const bool opens = trial_open(&t, c->v.known, c->v.spec, &shape, NULL, 1.0f, &c->v.ledger) == KVANT_OK;
        if (opens && trial_calibrate(&t) == KVANT_OK) {
            ++*streams;
            apart += trial_decode(&t, PROBE_POSITION, p->base[0].bytes, p->n_bytes, row, 1) != KVANT_OK ||
                     memcmp(row, p->rows, p->dim * sizeof *row) != 0;
        }
        trial_close(&t);
    }
    free(row);
    return apart;
}

typedef struct reach {
    size_t bits, most, wide; /* bits of codes; coordinates one moves at most; bits that move most of the row itself */
} reach;

static bool in_constant(const probe *p, size_t bit)
{
    for (size_t k = 0; k < p->n_constants; k++)
        if (bit / 8 - p->constants[k].at < 2) return true;
    return false;
}

static size_t moved(const probe *p, const float *d, double least)
{
    size_t n = 0;
    for (size_t j = 0; j < p->dim; j++)
        n += fabs((double)d[j]) > least;
    return n;
}

/* Turns over one bit of the first base row. */
static void add_reach(probe *p, const wht *known, size_t bit, reach *r)
{
    float *d = p->scratch;
    double largest = 0;
    uint8_t *byte = &p->base[0].bytes[bit / 8], mask = (uint8_t)(1u << bit % 8);
    *byte ^= mask;
    const bool ok = probe_decode(p, p->base[0].bytes, d);
    *byte ^= mask;
    for (size_t j = 0; j < p->dim; j++) {
        d[j] -= p->rows[j];
        largest = fmax(largest, fabs((double)d[j]));
    }
    if (!ok || largest == 0) return;
    r->bits++;
    r->wide += moved(p, d, 1e-3 * largest) > p->dim / 2;
    wht_forward(known, d, 1);
    const size_t rotated = moved(p, d, 1e-3 * largest);
    r->most = rotated > r->most ? rotated : r->most;
}

/* Without axes: bits of a code reach few coordinates of the rotated row, where they reach all of the row itself. */
static verify_outcome by_reach(checklist *c)
{
    probe *p = &c->probe;
    wht known;
    reach r = { 0 };
    if (p->dim > WHT_MAX || !wht_init(&known, (int)p->dim))
        return not_applicable(&c->v, "no bit of a row stands for one coordinate alone");
    for (size_t bit = 0; bit < 8 * p->n_bytes; bit++)
        if ((p->kind[bit] == BIT_MOVES || p->kind[bit] == BIT_AXIS) && !in_constant(p, bit))
            add_reach(p, &known, bit, &r);
    expect(&c->v, "a code's bits move at most %zu coordinates in the published rotation", p->dim / 4);
    if (r.bits == 0) return not_applicable(&c->v, "no bit of a row moves it");
    return judged(c, r.most <= p->dim / 4 && r.wide > r.bits / 2,
                  "%zu bits of joint codes, each of which moves at most %zu of %zu coordinates of the published "
                  "rotation; %zu of them move most of the row",
                  r.bits, r.most, p->dim, r.wide);
}

static const char *form_of(const probe *p, const rotation_seen *s)
{
    if (p->plain) return "no rotation: every code is a column of the row";
    if (s->walsh) return s->published ? "D H D with the published signs" : "D H D with other signs than the published";
    return s->hartley ? "kvant's Hartley and Hadamard form" : "no signs and Walsh-Hadamard transform";
}

static void say_size(const probe *p, const rotation_seen *s, char *text, size_t room)
{
    if (s->least == s->most)
        snprintf(text, room, "%zu rotation%s of %zu columns", p->n_parts, p->n_parts == 1 ? "" : "s", s->least);
    else
        snprintf(text, room, "%zu rotations of %zu to %zu columns", p->n_parts, s->least, s->most);
}

static verify_outcome judge(checklist *c, const rotation_seen *s)
{
    char size[64], streams_say[48], elsewhere[PROBE_WHY];
    int streams;
    const bool same = same_everywhere(c, elsewhere, sizeof elsewhere);
    const int apart = streams_apart(c, &streams);
    const bool flat = s->low > 1 - FLAT && s->high < 1 + FLAT, form_holds = s->walsh ? flat : s->hartley;
    say_size(&c->probe, s, size, sizeof size);
    if (apart)
        snprintf(streams_say, sizeof streams_say, "in %d of %d streams another", apart, streams);
    else
        snprintf(streams_say, sizeof streams_say, "the same in %d streams", streams);
    return judged(c, form_holds && s->skew < MOST_SKEW && same && streams > 0 && apart == 0,
                  "%s; %s, |entries| %.6f to %.6f of 1/sqrt(n), RR' = I to %.1g; %s, %s", form_of(&c->probe, s), size,
                  s->low, s->high, s->skew, streams_say, elsewhere);
}

verify_outcome item_rotation(checklist *c)
{
    probe *p = &c->probe;
    if (!c->rotates) return not_applicable(&c->v, "it claims no rotation");
    if (!c->probed) return p->skewed ? failed(&c->v, "%s", c->why_not) : not_applicable(&c->v, "%s", c->why_not);
    if (p->n_axes == 0) return by_reach(c);
    rotation_seen seen = { .low = INFINITY, .walsh = true, .hartley = true, .published = true, .least = p->dim };
    for (size_t k = 0; k < p->n_parts; k++)
        look_at_part(p, &p->parts[k], &seen);
    return judge(c, &seen);
}
