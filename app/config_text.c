#include "app/config_text.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = -1 };

/* A name for layers that has one codec per stream: one layer from the front or from the end, or a middle. */
typedef struct item {
    layers_range range;
    int owner[2]; /* the exception whose codec counts; NONE */
    int level[2]; /* 0: not needed */
} item;

typedef struct sheet {
    const config *c;
    const spec *base[2];
    const spec *kind[LAYERS_FULL + 1][2]; /* what swa and full get where it is not the base's; NULL */
    int begin[2];                         /* the first exception above the base */
    item *items;                          /* 0 ... 999 from the front, the middles, then -1000 ... -1 */
    size_t n_items, first_end;
    int codec[2][CONFIG_EXCEPTIONS]; /* equal numbers: equal codecs; NONE: the base's */
} sheet;

/* Every model in which both exist has all of b's layers among a's. */
static bool covers(layers_range a, layers_range b)
{
    layers_kind ka = layers_kind_of(a), kb = layers_kind_of(b);
    bool low = b.low >= a.low, high = b.high <= a.high;
    if (ka == kb) return low && high;
    if (ka != LAYERS_MIDDLE) return false;
    return kb == LAYERS_FRONT ? low && a.high == -1 : a.low == 0 && high;
}

/* Order matters between two names when one is a middle and, in some model, they share a layer; whatever their codecs,
 * for what lies under a middle cannot be at odds with what lies above it. */
static bool must_keep_order(layers_range a, layers_range b)
{
    layers_kind ka = layers_kind_of(a), kb = layers_kind_of(b);
    if (ka != LAYERS_MIDDLE && kb != LAYERS_MIDDLE) return false;
    if (ka == kb) return true;
    layers_range middle = ka == LAYERS_MIDDLE ? a : b, other = ka == LAYERS_MIDDLE ? b : a;
    return layers_kind_of(other) == LAYERS_FRONT ? other.low >= middle.low : other.high <= middle.high;
}

static void find_base(sheet *t, int stream)
{
    t->base[stream] = t->c->base[stream];
    for (size_t x = 0; x < t->c->n_exceptions; x++) {
        const config_exception *e = &t->c->exceptions[x];
        for (size_t j = 0; e->spec[stream] && j < e->list.n; j++) {
            if (e->list.ranges[j].low != 0 || e->list.ranges[j].high != -1) continue;
            t->base[stream] = e->spec[stream];
            t->begin[stream] = (int)x + 1;
        }
    }
}

/* The kinds of layers lie on the base, below all that counts layers. */
static void find_kinds(sheet *t, int stream)
{
    for (size_t x = 0; x < t->c->n_exceptions; x++) {
        const config_exception *e = &t->c->exceptions[x];
        if (e->list.named != LAYERS_NUMBERED && e->spec[stream]) t->kind[e->list.named][stream] = e->spec[stream];
    }
    for (layers_class k = LAYERS_WINDOWED; k <= LAYERS_FULL; k++) {
        const spec *one = t->kind[k][stream];
        if (one && (t->begin[stream] > 0 || strcmp(one->text, t->base[stream]->text) == 0)) t->kind[k][stream] = NULL;
    }
}

/* An exception that gives the base's codec need not be said, unless a kind of layers may lie between. */
static void number_codecs(sheet *t, int stream)
{
    const bool bare = !t->kind[LAYERS_WINDOWED][stream] && !t->kind[LAYERS_FULL][stream];
    const config_exception *e = t->c->exceptions;
    for (int x = 0; x < (int)t->c->n_exceptions; x++) {
        if (!e[x].spec[stream]) continue;
        const char *text = e[x].spec[stream]->text;
        int same = 0;
        while (same < x && (!e[same].spec[stream] || strcmp(e[same].spec[stream]->text, text) != 0))
            same++;
        t->codec[stream][x] = bare && strcmp(text, t->base[stream]->text) == 0 ? NONE : same;
    }
}

static size_t count_middles(const config *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_exceptions; i++)
        for (size_t j = 0; j < c->exceptions[i].list.n; j++)
            n += layers_kind_of(c->exceptions[i].list.ranges[j]) == LAYERS_MIDDLE;
    return n;
}

static int by_range(const void *a, const void *b)
{
    const layers_range *x = &((const item *)a)->range, *y = &((const item *)b)->range;
    return x->low != y->low ? x->low - y->low : x->high - y->high;
}

static item unowned(int low, int high)
{
    return (item){ .range = { low, high, 0 }, .owner = { NONE, NONE } };
}

/* The distinct middles of all exceptions, sorted, from items[begin] on. Returns the end. */
static size_t fill_middles(const config *c, item *items, size_t begin)
{
    size_t n = begin;
    for (size_t i = 0; i < c->n_exceptions; i++) {
        for (size_t j = 0; j < c->exceptions[i].list.n; j++) {
            layers_range r = c->exceptions[i].list.ranges[j];
            if (layers_kind_of(r) == LAYERS_MIDDLE) items[n++] = unowned(r.low, r.high);
        }
    }
    qsort(items + begin, n - begin, sizeof *items, by_range);
    size_t kept = begin;
    for (size_t i = begin; i < n; i++)
        if (kept == begin || by_range(&items[kept - 1], &items[i]) != 0) items[kept++] = items[i];
    return kept;
}

static bool fill_items(sheet *t, fault *f)
{
    t->items = calloc(2 * LAYERS_MOST + count_middles(t->c), sizeof *t->items);
    if (!t->items) return fault_memory(f, "a config's layers");
    for (int i = 0; i < LAYERS_MOST; i++)
        t->items[i] = unowned(i, i);
    t->first_end = fill_middles(t->c, t->items, LAYERS_MOST);
    t->n_items = t->first_end + LAYERS_MOST;
    for (int i = 0; i < LAYERS_MOST; i++)
        t->items[t->first_end + (size_t)i] = unowned(i - LAYERS_MOST, i - LAYERS_MOST);
    return true;
}

/* Exception x puts its codec on a range: the names it covers lose theirs, its own gets x's. */
static void paint(sheet *t, int stream, int x, layers_range r)
{
    bool middle = layers_kind_of(r) == LAYERS_MIDDLE;
    for (size_t i = 0; i < t->n_items; i++) {
        item *it = &t->items[i];
        if (!covers(r, it->range)) continue;
        bool own = !middle || (it->range.low == r.low && it->range.high == r.high);
        it->owner[stream] = own ? x : NONE;
    }
}

/* Within an exception the middles lie above the rest. */
static void paint_exception(sheet *t, int stream, int x, bool middles)
{
    const config_exception *e = &t->c->exceptions[x];
    for (size_t j = 0; e->spec[stream] && j < e->list.n; j++)
        if (middles == (layers_kind_of(e->list.ranges[j]) == LAYERS_MIDDLE)) paint(t, stream, x, e->list.ranges[j]);
}

static bool is_middle(const item *it)
{
    return layers_kind_of(it->range) == LAYERS_MIDDLE;
}

/* Does the name b lie between `low` and `high`, and matter to what `high` says? */
static bool between(const sheet *t, int stream, const item *low, const item *b, const item *high)
{
    int x = b->owner[stream], top = high->owner[stream];
    bool under = x < top || (x == top && is_middle(high) && !is_middle(b));
    if (x == NONE || x <= low->owner[stream] || !under) return false;
    if (is_middle(b) && t->codec[stream][x] == t->codec[stream][top]) return false;
    return must_keep_order(b->range, high->range);
}

/* Is a name's codec there without it, from the middle m that covers it, nothing else having come between? */
static bool has_already(const sheet *t, int stream, const item *it, const item *m)
{
    int mine = it->owner[stream], theirs = m->owner[stream];
    if (it == m || theirs == NONE || theirs > mine || t->codec[stream][theirs] != t->codec[stream][mine]) return false;
    if (!covers(m->range, it->range)) return false;
    for (size_t i = 0; i < t->n_items; i++)
        if (between(t, stream, m, &t->items[i], it)) return false;
    return true;
}

/* Again and again, for a name that goes may have been what stood between two others. */
static void drop_covered(sheet *t, int stream)
{
    for (bool dropped = true; dropped;) {
        dropped = false;
        for (size_t i = 0; i < t->n_items; i++) {
            item *it = &t->items[i];
            for (size_t m = LAYERS_MOST; m < t->first_end && it->owner[stream] != NONE; m++) {
                if (!has_already(t, stream, it, &t->items[m])) continue;
                it->owner[stream] = NONE;
                dropped = true;
            }
        }
    }
}

/* Must `it` come after `other`? */
static bool follows(const sheet *t, int stream, const item *it, const item *other)
{
    int x = other->owner[stream], mine = it->owner[stream];
    if (x == NONE || x > mine || !must_keep_order(it->range, other->range)) return false;
    if (x == mine) return is_middle(it) && !is_middle(other);
    return !(is_middle(it) && is_middle(other) && t->codec[stream][x] == t->codec[stream][mine]);
}

/* A name with the base's codec and nothing below it is not needed. */
static void set_level(sheet *t, int stream, item *it)
{
    size_t from = is_middle(it) ? 0 : LAYERS_MOST, to = is_middle(it) ? t->n_items : t->first_end;
    int level = 1;
    for (size_t i = from; i < to; i++) {
        const item *other = &t->items[i];
        if (other->level[stream] >= level && follows(t, stream, it, other)) level = other->level[stream] + 1;
    }
    it->level[stream] = level == 1 && t->codec[stream][it->owner[stream]] == NONE ? 0 : level;
}

/* In the order in which they were put down: by exception, middles last. */
static void set_levels(sheet *t, int stream)
{
    for (int x = 0; x < (int)t->c->n_exceptions; x++)
        for (int middles = 0; middles < 2; middles++)
            for (size_t i = 0; i < t->n_items; i++)
                if (t->items[i].owner[stream] == x && is_middle(&t->items[i]) == middles)
                    set_level(t, stream, &t->items[i]);
}

static bool fill_sheet(sheet *t, fault *f)
{
    if (!fill_items(t, f)) return false;
    for (int s = KVANT_K; s <= KVANT_V; s++) {
        find_base(t, s);
        find_kinds(t, s);
        number_codecs(t, s);
        for (int x = t->begin[s]; x < (int)t->c->n_exceptions; x++) {
            paint_exception(t, s, x, false);
            paint_exception(t, s, x, true);
        }
        drop_covered(t, s);
        set_levels(t, s);
    }
    return true;
}

/* The codec an item has for a stream on this level; NULL: none. */
static const char *on_level(const sheet *t, const item *it, int stream, int level)
{
    if (it->owner[stream] == NONE || it->level[stream] != level) return NULL;
    return t->c->exceptions[it->owner[stream]].spec[stream]->text;
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void write_pair(FILE *out, const char *k, const char *v, char between)
{
    if (same(k, v))
        fputs(k, out);
    else if (k && v)
        fprintf(out, "k=%s%cv=%s", k, between, v);
    else
        fprintf(out, "%c=%s", k ? 'k' : 'v', k ? k : v);
}

/* One exception: the item `first` and all later ones of the level with the same pair of codecs, which are marked done.
 */
static bool write_group(FILE *out, const sheet *t, size_t first, int level, bool *done, fault *f)
{
    const item *it = &t->items[first];
    const char *k = on_level(t, it, KVANT_K, level), *v = on_level(t, it, KVANT_V, level);
    layers list = { 0 };
    bool ok = true;
    for (size_t i = first; ok && i < t->n_items; i++) {
        it = &t->items[i];
        if (done[i] || !same(on_level(t, it, KVANT_K, level), k) || !same(on_level(t, it, KVANT_V, level), v)) continue;
        done[i] = true;
        ok = layers_add(&list, it->range, f);
    }
    if (ok) {
        layers_normalise(&list);
        fputs(" @", out);
        layers_write(out, &list);
        putc(':', out);
        write_pair(out, k, v, ',');
    }
    layers_free(&list);
    return ok;
}

static bool write_level(FILE *out, const sheet *t, int level, bool *done, fault *f)
{
    memset(done, 0, t->n_items * sizeof *done);
    for (size_t i = 0; i < t->n_items; i++) {
        const item *it = &t->items[i];
        bool any = on_level(t, it, KVANT_K, level) || on_level(t, it, KVANT_V, level);
        if (any && !done[i] && !write_group(out, t, i, level, done, f)) return false;
    }
    return true;
}

static void write_kinds(FILE *out, const sheet *t)
{
    static const layers_class order[] = { LAYERS_FULL, LAYERS_WINDOWED };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const spec *k = t->kind[order[i]][KVANT_K], *v = t->kind[order[i]][KVANT_V];
        if (!k && !v) continue;
        fprintf(out, " @%s:", layers_word(order[i]));
        write_pair(out, k ? k->text : NULL, v ? v->text : NULL, ',');
    }
}

static bool write_sheet(FILE *out, const sheet *t, fault *f)
{
    const char *k = t->base[KVANT_K]->text, *v = t->base[KVANT_V]->text;
    bool plain_k = strcmp(k, CONFIG_BASE) == 0, plain_v = strcmp(v, CONFIG_BASE) == 0;
    write_pair(out, plain_k && !plain_v ? NULL : k, plain_v && !plain_k ? NULL : v, ' ');
    write_kinds(out, t);
    bool *done = calloc(t->n_items, sizeof *done);
    if (!done) return fault_memory(f, "a config's layers");
    int highest = 0;
    for (size_t i = 0; i < t->n_items; i++)
        for (int s = KVANT_K; s <= KVANT_V; s++)
            if (t->items[i].level[s] > highest) highest = t->items[i].level[s];
    bool ok = true;
    for (int level = 1; ok && level <= highest; level++)
        ok = write_level(out, t, level, done, f);
    free(done);
    if (t->c->rope_post) fputs(" rope=post", out);
    return ok;
}

char *config_text(const config *c, fault *f)
{
    char *text = NULL;
    size_t n;
    sheet *t = calloc(1, sizeof *t);
    FILE *out = t ? open_memstream(&text, &n) : NULL;
    if (!out) {
        free(t);
        fault_memory(f, "a config's text");
        return NULL;
    }
    t->c = c;
    bool ok = fill_sheet(t, f) && write_sheet(out, t, f);
    free(t->items);
    free(t);
    if (ferror(out)) ok = fault_memory(f, "a config's text");
    if (fclose(out) != 0) ok = fault_memory(f, "a config's text");
    if (ok) return text;
    free(text);
    return NULL;
}
