#include "app/catalog.h"

#include <math.h>
#include <string.h>

#include "app/expr.h"

enum { LONGEST_NAME = 63, LONGEST_LINE = 500, MOST_PARAMS = 64, MOST_WORDS = 64, LARGEST_DIM = 65536 };

#define WHOLE_LIMIT 9007199254740992.0 /* 2^53: whole numbers up to here are exact in a double */

static bool is_short_name(const char *s)
{
    return s && strlen(s) <= LONGEST_NAME && expr_is_name(s);
}

/* One printable line: a text from a plugin must not be able to steer a terminal. */
static bool is_line(const char *s)
{
    if (!s || strlen(s) > LONGEST_LINE) return false;
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127) return false;
    return true;
}

static bool check_numbers(const catalog_param *p, fault *f)
{
    const double numbers[] = { p->def, p->min, p->max, p->step };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!isfinite(numbers[i])) return fault_set(f, FAULT_INPUT, "has a default, range or step that is not finite");
        if (p->type == KVANT_INT && (numbers[i] != floor(numbers[i]) || fabs(numbers[i]) > WHOLE_LIMIT))
            return fault_set(f, FAULT_INPUT, "is a whole number, but %g is not one", numbers[i]);
    }
    if (p->min > p->max) return fault_set(f, FAULT_INPUT, "has an empty range, %g to %g", p->min, p->max);
    if (p->def < p->min || p->def > p->max)
        return fault_set(f, FAULT_INPUT, "has a default, %g, outside its range %g to %g", p->def, p->min, p->max);
    if (p->step < 0) return fault_set(f, FAULT_INPUT, "has a negative step, %g", p->step);
    if (!(p->flags & KVANT_LOG)) return true;
    if (p->min <= 0) return fault_set(f, FAULT_INPUT, "is geometric, but its range begins at %g", p->min);
    if (p->step != 0 && p->step <= 1) return fault_set(f, FAULT_INPUT, "is geometric with a factor of %g", p->step);
    return true;
}

static bool check_words(const catalog_param *p, fault *f)
{
    if (p->n_words == 0 || p->n_words > MOST_WORDS)
        return fault_set(f, FAULT_INPUT, "has %zu words, expected 1 to %d", p->n_words, MOST_WORDS);
    for (size_t i = 0; i < p->n_words; i++) {
        if (!is_short_name(p->words[i])) return fault_set(f, FAULT_INPUT, "has a word that is not a name");
        for (size_t j = 0; j < i; j++)
            if (strcmp(p->words[i], p->words[j]) == 0)
                return fault_set(f, FAULT_INPUT, "has the word \"%s\" twice", p->words[i]);
    }
    if (!(p->def >= 0 && p->def < (double)p->n_words && p->def == floor(p->def)))
        return fault_set(f, FAULT_INPUT, "has default word %g of %zu", p->def, p->n_words);
    return true;
}

/* The message completes "parameter NAME ...". */
static bool check_type(const catalog_param *p, bool is_first, fault *f)
{
    switch (p->type) {
    case KVANT_INT:
    case KVANT_REAL: return check_numbers(p, f);
    case KVANT_BOOL:
        if (p->def == 0 || p->def == 1) return true;
        return fault_set(f, FAULT_INPUT, "is a switch with default %g", p->def);
    case KVANT_ENUM: return check_words(p, f);
    case KVANT_CODEC:
        if (!is_first) return fault_set(f, FAULT_INPUT, "is an inner codec, but not the first parameter");
        if (p->inner && !is_line(p->inner))
            return fault_set(f, FAULT_INPUT, "has a default codec that is not one printable line");
        return true;
    default: return fault_set(f, FAULT_INPUT, "has an unknown type, %d", (int)p->type);
    }
}

static bool check_params(const catalog_codec *c, fault *f)
{
    if (c->n_params > MOST_PARAMS)
        return fault_set(f, FAULT_INPUT, "%s: %zu parameters, at most %d", c->name, c->n_params, MOST_PARAMS);
    for (size_t i = 0; i < c->n_params; i++) {
        const catalog_param *p = &c->params[i];
        if (!is_short_name(p->name))
            return fault_set(f, FAULT_INPUT, "%s: parameter %zu has a name that is not letters, digits and '_'",
                             c->name, i + 1);
        for (size_t j = 0; j < i; j++)
            if (strcmp(p->name, c->params[j].name) == 0)
                return fault_set(f, FAULT_INPUT, "%s: parameter \"%s\" is listed twice", c->name, p->name);
        if (!is_line(p->help))
            return fault_set(f, FAULT_INPUT, "%s: parameter \"%s\" has no help of one printable line", c->name,
                             p->name);
        if (!check_type(p, i == 0, f)) return fault_prefix(f, "%s: parameter \"%s\"", c->name, p->name);
    }
    return true;
}

bool catalog_check(const catalog_codec *c, fault *f)
{
    if (!is_short_name(c->name))
        return fault_set(f, FAULT_INPUT,
                         "a codec's name must be a letter or '_', then letters, digits, '_', at most %d", LONGEST_NAME);
    const struct {
        const char *what, *text;
    } lines[] = {
        { "version", c->version }, { "family", c->family }, { "summary", c->summary }, { "reference", c->reference }
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!is_line(lines[i].text))
            return fault_set(f, FAULT_INPUT, "%s: no %s of one printable line", c->name, lines[i].what);
    if (!c->path) return fault_set(f, FAULT_INPUT, "%s: no path", c->name);
    if (c->dim_min < 1 || c->dim_min > c->dim_max || c->dim_max > LARGEST_DIM || c->dim_step < 1)
        return fault_set(f, FAULT_INPUT, "%s: head dimensions %d to %d in steps of %d, expected 1 to %d", c->name,
                         (int)c->dim_min, (int)c->dim_max, (int)c->dim_step, LARGEST_DIM);
    if ((c->flags & KVANT_K_ONLY) && (c->flags & KVANT_V_ONLY))
        return fault_set(f, FAULT_INPUT, "%s: for keys only and for values only at once", c->name);
    return check_params(c, f);
}
