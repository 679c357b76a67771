#include "app/layers.h"

#include <stdlib.h>
#include <string.h>

#include "app/expr.h"

enum { RANGE_TEXT = 32 };

layers_kind layers_kind_of(layers_range r)
{
    return r.low < 0 ? LAYERS_END : r.high < 0 ? LAYERS_MIDDLE : LAYERS_FRONT;
}

const char *layers_word(layers_class named)
{
    static const char *const words[] = { "", "swa", "full" };
    return words[named];
}

void layers_free(layers *list)
{
    free(list->ranges);
    *list = (layers){ 0 };
}

bool layers_add(layers *list, layers_range r, fault *f)
{
    layers_range *grown = realloc(list->ranges, (list->n + 1) * sizeof *grown);
    if (!grown) return fault_memory(f, "a list of layers");
    list->ranges = grown;
    list->ranges[list->n++] = r;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* N or -N. */
static bool parse_layer(const char *text, size_t *at, int *layer, fault *f)
{
    size_t begin = *at, i = begin + (text[begin] == '-');
    if (!is_digit(text[i]))
        return expr_fault(f, text, begin,
                          "a layer is a number from 0, or -1 for the last; or all of a kind: swa, full");
    int n = 0;
    for (; is_digit(text[i]); i++)
        n = n < 100000 ? 10 * n + (text[i] - '0') : n;
    bool from_end = text[begin] == '-';
    if (from_end && n == 0) return expr_fault(f, text, begin, "-0 is no layer; the last is -1");
    if (n > LAYERS_MOST - !from_end) return expr_fault(f, text, begin, "at most %d layers can be named", LAYERS_MOST);
    *layer = from_end ? -n : n;
    *at = i;
    return true;
}

static bool parse_range(const char *text, size_t *at, layers_range *r, fault *f)
{
    r->begin = *at;
    if (!parse_layer(text, at, &r->low, f)) return false;
    r->high = r->low;
    size_t mark = expr_skip_blanks(text, *at);
    bool dots = text[mark] == '.' && text[mark + 1] == '.', dash = text[mark] == '-';
    if (!dots && !dash) return true;
    *at = expr_skip_blanks(text, mark + (dots ? 2 : 1));
    if (dash && (r->low < 0 || text[*at] == '-'))
        return expr_fault(f, text, r->begin, "a range that counts from the end is written with dots: -2..-1");
    if (!parse_layer(text, at, &r->high, f)) return false;
    if (r->low < 0 && r->high >= 0) return expr_fault(f, text, r->begin, "a range from the end to the front");
    if ((r->low < 0) == (r->high < 0) && r->low > r->high)
        return expr_fault(f, text, r->begin, "the range runs backwards");
    return true;
}

/* A kind of layers: its word, and nothing else in the list. */
static bool parse_class(layers *list, const char *text, size_t *at, fault *f)
{
    const size_t n = expr_name_length(text, *at);
    for (layers_class c = LAYERS_WINDOWED; c <= LAYERS_FULL; c++)
        if (strlen(layers_word(c)) == n && memcmp(text + *at, layers_word(c), n) == 0) list->named = c;
    if (list->named == LAYERS_NUMBERED) return true;
    *at = expr_skip_blanks(text, *at + n);
    return text[*at] != ',' ||
           expr_fault(f, text, *at, "%s names layers alone, without others", layers_word(list->named));
}

bool layers_parse(layers *list, const char *text, size_t *at, fault *f)
{
    *at = expr_skip_blanks(text, *at);
    *list = (layers){ .begin = *at };
    if (!parse_class(list, text, at, f)) return false;
    while (list->named == LAYERS_NUMBERED) {
        layers_range r;
        *at = expr_skip_blanks(text, *at);
        if (!parse_range(text, at, &r, f) || !layers_add(list, r, f)) return false;
        *at = expr_skip_blanks(text, *at);
        if (text[*at] != ',') return true;
        ++*at;
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const layers_range *x = a, *y = b;
    int kx = (int)layers_kind_of(*x), ky = (int)layers_kind_of(*y);
    if (kx != ky) return kx - ky;
    return x->low != y->low ? x->low - y->low : x->high - y->high;
}

/* Does range a, or a joined with its neighbour b, hold all of b? Then a is widened to both. a sorts before b. */
static bool absorb(layers_range *a, layers_range b)
{
    layers_kind kind = layers_kind_of(*a);
    if (kind != layers_kind_of(b)) return false;
    if (kind == LAYERS_MIDDLE) {
        if (a->low != b.low && b.high > a->high) return false;
    } else if (b.low > a->high + 1) {
        return false;
    }
    if (b.high > a->high) a->high = b.high;
    return true;
}

void layers_normalise(layers *list)
{
    if (list->n == 0) return;
    qsort(list->ranges, list->n, sizeof *list->ranges, by_place);
    size_t kept = 0;
    for (size_t i = 1; i < list->n; i++)
        if (!absorb(&list->ranges[kept], list->ranges[i])) list->ranges[++kept] = list->ranges[i];
    list->n = kept + 1;
}

static void range_text(layers_range r, char text[RANGE_TEXT])
{
    if (r.low == r.high)
        snprintf(text, RANGE_TEXT, "%d", r.low);
    else
        snprintf(text, RANGE_TEXT, "%d%s%d", r.low, r.high < 0 ? ".." : "-", r.high);
}

void layers_write(FILE *out, const layers *list)
{
    fputs(layers_word(list->named), out);
    for (size_t i = 0; i < list->n; i++) {
        char text[RANGE_TEXT];
        range_text(list->ranges[i], text);
        fprintf(out, "%s%s", i ? "," : "", text);
    }
}

bool layers_resolve(layers_range r, int n_layers, const char *line, int *first, int *last, fault *f)
{
    *first = r.low < 0 ? n_layers + r.low : r.low;
    *last = r.high < 0 ? n_layers + r.high : r.high;
    char text[RANGE_TEXT];
    range_text(r, text);
    if (*first < 0 || *last < 0 || *first >= n_layers || *last >= n_layers)
        return expr_fault(f, line, r.begin, "no layer %s in a model with %d attention layers (0 to %d)", text, n_layers,
                          n_layers - 1);
    if (*first > *last)
        return expr_fault(f, line, r.begin, "%s is empty in a model with %d attention layers", text, n_layers);
    return true;
}
