#include "app/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "app/number.h"
#include "app/spec_grid.h"

typedef struct checker {
    const catalog *known;
    const char *line;
    int streams;
    spec_grid *grid;
    fault *f;
    int depth;
    int *left; /* codecs still to be checked: default inner codecs may branch without end */
} checker;

enum { MOST_CODECS = 4096 }; /* of one expression, defaults included; 32 levels need at most 32 * 32 */

void spec_free(spec *s)
{
    if (!s) return;
    spec_free(s->inner);
    free(s->values);
    free(s->text);
    free(s);
}

static bool is_grid(const expr *e)
{
    return e->kind == EXPR_RANGE || e->kind == EXPR_SET;
}

/* Stops at a grid: hands it out when the caller takes grids, else it is a fault. p == NULL: codecs. Returns false. */
static bool meet_grid(checker *c, const catalog_param *p, const expr *e)
{
    if (!c->grid)
        return expr_fault(c->f, c->line, e->begin, "this stands for several values; only a sweep takes such a grid");
    return spec_grid_read(c->grid, c->line, p, e, c->f);
}

static bool check_range(checker *c, const catalog_param *p, const expr *e)
{
    if (e->r >= p->min && e->r <= p->max) return true;
    char min[NUMBER_TEXT], max[NUMBER_TEXT], value[NUMBER_TEXT];
    number_write(p->min, min);
    number_write(p->max, max);
    number_write(e->r, value);
    return expr_fault(c->f, c->line, e->begin, "%s=%s is out of range: %s to %s", p->name, value, min, max);
}

static bool check_number(checker *c, const catalog_param *p, const expr *e, spec_value *v)
{
    bool whole = p->type == KVANT_INT;
    if (e->kind != EXPR_INT && (whole || e->kind != EXPR_REAL))
        return expr_fault(c->f, c->line, e->begin, "%s is a %s", p->name, whole ? "whole number" : "number");
    if (!check_range(c, p, e)) return false;
    v->i = e->i;
    v->r = e->r;
    return true;
}

static bool check_bool(checker *c, const catalog_param *p, const expr *e, spec_value *v)
{
    static const struct {
        const char *word;
        int value;
    } words[] = { { "true", 1 }, { "false", 0 }, { "on", 1 }, { "off", 0 } };
    for (size_t i = 0; e->kind == EXPR_NAME && !e->called && i < sizeof words / sizeof *words; i++) {
        if (strcmp(e->name, words[i].word) != 0) continue;
        v->i = words[i].value;
        return true;
    }
    return expr_fault(c->f, c->line, e->begin, "%s is true or false", p->name);
}

static bool check_word(checker *c, const catalog_param *p, const expr *e, spec_value *v)
{
    bool word = e->kind == EXPR_NAME && !e->called;
    nearest near = nearest_to(word ? e->name : "");
    for (size_t i = 0; word && i < p->n_words; i++) {
        nearest_try(&near, p->words[i]);
        if (strcmp(e->name, p->words[i]) != 0) continue;
        v->i = (int64_t)i;
        return true;
    }
    if (near.word)
        return expr_fault(c->f, c->line, e->begin, "%s=%.64s; did you mean \"%s\"?", p->name, e->name, near.word);
    char list[200] = "";
    for (size_t i = 0, n = 0; i < p->n_words && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", p->words[i]);
    return expr_fault(c->f, c->line, e->begin, "%s is one of %s", p->name, list);
}

static spec *check_codec(checker *c, const expr *e);

static bool check_inner(checker *c, const catalog_param *p, const expr *e, spec *s)
{
    if (e->kind == EXPR_INT || e->kind == EXPR_REAL || e->kind == EXPR_RANGE)
        return expr_fault(c->f, c->line, e->begin, "%s is a codec", p->name);
    s->inner = check_codec(c, e);
    return s->inner != NULL;
}

static bool check_value(checker *c, const catalog_param *p, const expr *e, spec *s)
{
    spec_value *v = &s->values[p - s->codec->params];
    if (is_grid(e) && p->type != KVANT_CODEC) return meet_grid(c, p, e);
    switch (p->type) {
    case KVANT_INT:
    case KVANT_REAL: return check_number(c, p, e, v);
    case KVANT_BOOL: return check_bool(c, p, e, v);
    case KVANT_ENUM: return check_word(c, p, e, v);
    default: return check_inner(c, p, e, s);
    }
}

static bool no_param(checker *c, const catalog_codec *codec, const expr *arg)
{
    const char *near = catalog_nearest_param(codec, arg->key);
    if (near)
        return expr_fault(c->f, c->line, arg->key_begin, "no parameter \"%.64s\"; did you mean \"%s\"?", arg->key,
                          near);
    if (codec->n_params == 0)
        return expr_fault(c->f, c->line, arg->key_begin, "no parameter \"%.64s\"; %s has none", arg->key, codec->name);
    char list[200] = "";
    for (size_t i = 0, n = 0; i < codec->n_params && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", codec->params[i].name);
    return expr_fault(c->f, c->line, arg->key_begin, "no parameter \"%.64s\"; %s has %s", arg->key, codec->name, list);
}

/* The parameter an argument is for: by its key, or the inner codec for a first argument without one. */
static const catalog_param *param_for(checker *c, const catalog_codec *codec, const expr *arg, bool is_first)
{
    if (arg->key) {
        const catalog_param *p = catalog_param_of(codec, arg->key);
        if (!p) no_param(c, codec, arg);
        return p;
    }
    const catalog_param *inner = catalog_inner(codec);
    bool names_codec = arg->kind == EXPR_NAME || arg->kind == EXPR_SET;
    if (inner && is_first && names_codec) return inner;
    const catalog_param *sole = inner ? (codec->n_params > 1 ? inner + 1 : NULL) : codec->params;
    if (arg->kind == EXPR_NAME && catalog_find(c->known, arg->name) && (!inner || is_first))
        expr_fault(c->f, c->line, arg->begin, "%s takes no inner codec", codec->name);
    else if (inner && names_codec)
        expr_fault(c->f, c->line, arg->begin, "the inner codec comes first; other values need a name");
    else if (codec->n_params == 0)
        expr_fault(c->f, c->line, arg->begin, "%s has no parameters", codec->name);
    else
        expr_fault(c->f, c->line, arg->begin, "a value without a name; write it like %s=...",
                   sole ? sole->name : codec->params[0].name);
    return NULL;
}

static bool check_arguments(checker *c, spec *s, const expr *e)
{
    uint64_t given = 0; /* catalog_check: at most 64 parameters */
    for (const expr *arg = e->first; arg; arg = arg->next) {
        const catalog_param *p = param_for(c, s->codec, arg, arg == e->first);
        if (!p) return false;
        uint64_t bit = UINT64_C(1) << (p - s->codec->params);
        size_t at = arg->key ? arg->key_begin : arg->begin;
        if (given & bit) return expr_fault(c->f, c->line, at, "%s is given twice", p->name);
        given |= bit;
        if (!check_value(c, p, arg, s)) return false;
    }
    return true;
}

/* The codec's own default for its inner one, which is text that came with the plugin. */
static spec *default_inner(checker *c, const catalog_codec *codec, const char *text, size_t begin)
{
    expr *e = expr_parse_all(text, c->f);
    checker own = { c->known, text, c->streams, NULL, c->f, c->depth, c->left };
    spec *inner = e ? check_codec(&own, e) : NULL;
    if (inner)
        inner->begin = begin;
    else
        fault_prefix(c->f, "the default inner codec of %s", codec->name);
    expr_free(e);
    return inner;
}

/* Completes a missing inner codec; *is_default tells whether the inner is the default one in any spelling. */
static bool complete_inner(checker *c, spec *s, const expr *e, bool *is_default)
{
    const catalog_param *p = catalog_inner(s->codec);
    *is_default = false;
    if (!p) return true;
    if (!p->inner) {
        if (s->inner) return true;
        return expr_fault(c->f, c->line, e->begin, "%s needs an inner codec: %s(CODEC)", s->codec->name,
                          s->codec->name);
    }
    fault quiet = { 0 };
    checker trial = *c;
    if (s->inner) trial.f = &quiet; /* a broken default matters only to those who use it */
    spec *def = default_inner(&trial, s->codec, p->inner, e->begin);
    if (!s->inner) {
        s->inner = def;
        *is_default = true;
        return def != NULL;
    }
    *is_default = def && strcmp(def->text, s->inner->text) == 0;
    spec_free(def);
    return true;
}

static bool is_default_value(const catalog_param *p, const spec_value *v)
{
    return p->type == KVANT_REAL ? v->r == p->def : (double)v->i == p->def;
}

static void write_value(FILE *out, const catalog_param *p, const spec_value *v)
{
    char number[NUMBER_TEXT];
    switch (p->type) {
    case KVANT_REAL:
        number_write(v->r, number);
        fputs(number, out);
        break;
    case KVANT_BOOL: fputs(v->i ? "true" : "false", out); break;
    case KVANT_ENUM: fputs(p->words[v->i], out); break;
    default: fprintf(out, "%lld", (long long)v->i); break;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const catalog_param *const *)a)->name, (*(const catalog_param *const *)b)->name);
}

static void write_arguments(FILE *out, const spec *s, bool inner_is_default)
{
    const catalog_param *sorted[64];
    size_t n = 0;
    for (size_t i = 0; i < s->codec->n_params; i++) {
        const catalog_param *p = &s->codec->params[i];
        if (p->type != KVANT_CODEC && !is_default_value(p, &s->values[i])) sorted[n++] = p;
    }
    qsort(sorted, n, sizeof *sorted, by_name);
    char before = '(';
    if (s->inner && !inner_is_default) {
        fprintf(out, "(%s", s->inner->text);
        before = ',';
    }
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%c%s=", before, sorted[i]->name);
        write_value(out, sorted[i], &s->values[sorted[i] - s->codec->params]);
        before = ',';
    }
    if (before == ',') putc(')', out);
}

static bool write_text(checker *c, spec *s, bool inner_is_default)
{
    size_t n;
    FILE *out = open_memstream(&s->text, &n);
    if (!out) return fault_memory(c->f, "a codec's text");
    fputs(s->codec->name, out);
    write_arguments(out, s, inner_is_default);
    bool failed = ferror(out) != 0;
    return fclose(out) == 0 && !failed ? true : fault_memory(c->f, "a codec's text");
}

static const catalog_codec *find_codec(checker *c, const expr *e)
{
    const catalog_codec *codec = catalog_find(c->known, e->name);
    if (!codec) {
        const char *near = catalog_nearest(c->known, e->name);
        expr_fault(c->f, c->line, e->begin, near ? "no codec \"%.64s\"; did you mean \"%s\"?" : "no codec \"%.64s\"%s",
                   e->name, near ? near : "");
        return NULL;
    }
    const uint32_t only = codec->flags & (KVANT_K_ONLY | KVANT_V_ONLY);
    const int other = only == KVANT_K_ONLY ? SPEC_FOR_V : only == KVANT_V_ONLY ? SPEC_FOR_K : 0;
    if (!(c->streams & other)) return codec;
    expr_fault(c->f, c->line, e->begin, "%s is for %s only", e->name, other == SPEC_FOR_V ? "keys" : "values");
    return NULL;
}

static spec *new_spec(checker *c, const catalog_codec *codec, size_t begin)
{
    spec *s = calloc(1, sizeof *s);
    spec_value *values = calloc(codec->n_params + 1, sizeof *values);
    if (!s || !values) {
        free(s);
        free(values);
        fault_memory(c->f, "a codec's parameters");
        return NULL;
    }
    *s = (spec){ .codec = codec, .values = values, .begin = begin };
    for (size_t i = 0; i < codec->n_params; i++)
        values[i] = (spec_value){ .i = (int64_t)codec->params[i].def, .r = codec->params[i].def };
    return s;
}

static spec *check_codec(checker *c, const expr *e)
{
    if (e->kind == EXPR_SET) {
        meet_grid(c, NULL, e);
        return NULL;
    }
    if (c->depth > EXPR_DEEPEST || --*c->left < 0) { /* only default inner codecs get here */
        expr_fault(c->f, c->line, e->begin, "nested more than %d levels deep", EXPR_DEEPEST);
        return NULL;
    }
    const catalog_codec *codec = find_codec(c, e);
    spec *s = codec ? new_spec(c, codec, e->begin) : NULL;
    if (!s) return NULL;
    c->depth++;
    bool inner_is_default;
    bool ok =
        check_arguments(c, s, e) && complete_inner(c, s, e, &inner_is_default) && write_text(c, s, inner_is_default);
    c->depth--;
    if (ok) return s;
    spec_free(s);
    return NULL;
}

spec *spec_check(const catalog *known, const char *line, const expr *e, int streams, spec_grid *grid, fault *f)
{
    int left = MOST_CODECS;
    checker c = { known, line, streams, grid, f, 0, &left };
    return check_codec(&c, e);
}

spec *spec_parse(const catalog *known, const char *text, fault *f)
{
    expr *e = expr_parse_all(text, f);
    spec *s = e ? spec_check(known, text, e, 0, NULL, f) : NULL;
    expr_free(e);
    return s;
}

bool spec_check_dim(const spec *s, const char *line, int dim, fault *f)
{
    if (catalog_takes_dim(s->codec, dim)) return true;
    char dims[CATALOG_DIMS];
    catalog_dims(s->codec, dims);
    return expr_fault(f, line, s->begin, "%s does not take head dimension %d; it takes %s", s->codec->name, dim, dims);
}
