#include "app/expr.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"

enum { SHOWN = 120 }; /* bytes of the text in a message */

typedef struct parser {
    const char *text;
    size_t at;
    fault *f;
} parser;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t expr_skip_blanks(const char *text, size_t at)
{
    while (is_blank(text[at]))
        at++;
    return at;
}

size_t expr_name_length(const char *text, size_t at)
{
    if (!begins_name(text[at])) return 0;
    size_t n = 1;
    while (begins_name(text[at + n]) || is_digit(text[at + n]))
        n++;
    return n;
}

bool expr_is_name(const char *s)
{
    size_t n = expr_name_length(s, 0);
    return n > 0 && s[n] == '\0';
}

bool expr_fits(const char *text, fault *f)
{
    if (strnlen(text, EXPR_LONGEST + 1) <= EXPR_LONGEST) return true;
    return expr_fault(f, text, EXPR_LONGEST, "the text is longer than %d bytes", EXPR_LONGEST);
}

bool expr_fault(fault *f, const char *text, size_t at, const char *format, ...)
{
    size_t length = strnlen(text, EXPR_LONGEST + SHOWN), from = 0, to = length;
    if (length > SHOWN) {
        from = at > SHOWN / 2 ? at - SHOWN / 2 : 0;
        if (from > length - SHOWN) from = length - SHOWN;
        to = from + SHOWN;
    }
    char shown[SHOWN + 1];
    for (size_t i = from; i < to; i++)
        shown[i - from] = (unsigned char)text[i] < ' ' || text[i] == 127 ? ' ' : text[i];
    shown[to - from] = '\0';
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return fault_set(f, FAULT_INPUT, "%s%s%s: %s (column %zu)", from > 0 ? "..." : "", shown, to < length ? "..." : "",
                     message, at + 1);
}

void expr_free(expr *e)
{
    while (e) {
        expr *next = e->next;
        expr_free(e->first);
        free(e->name);
        free(e->key);
        free(e);
        e = next;
    }
}

static expr *new_node(parser *p, expr_kind kind)
{
    expr *e = calloc(1, sizeof *e);
    if (!e) {
        fault_memory(p->f, "an expression");
        return NULL;
    }
    e->kind = kind;
    e->begin = e->end = p->at;
    return e;
}

static char *take_name(parser *p)
{
    size_t n = expr_name_length(p->text, p->at);
    char *name = strndup(p->text + p->at, n);
    if (!name) fault_memory(p->f, "a name");
    p->at += n;
    return name;
}

static void skip(parser *p)
{
    p->at = expr_skip_blanks(p->text, p->at);
}

static bool unexpected(parser *p, const char *wanted)
{
    unsigned char c = (unsigned char)p->text[p->at];
    if (c == '\0') return expr_fault(p->f, p->text, p->at, "the text ends where %s is expected", wanted);
    if (c > ' ' && c < 127) return expr_fault(p->f, p->text, p->at, "'%c' where %s is expected", c, wanted);
    return expr_fault(p->f, p->text, p->at, "the byte 0x%02x where %s is expected", c, wanted);
}

static expr *parse_value(parser *p, int depth);

/* One argument or element, with its key where keys are allowed. */
static expr *parse_argument(parser *p, bool keys, int depth)
{
    size_t begin = p->at;
    size_t n = keys ? expr_name_length(p->text, p->at) : 0;
    if (n == 0 || p->text[expr_skip_blanks(p->text, p->at + n)] != '=') return parse_value(p, depth);
    char *key = take_name(p);
    if (!key) return NULL;
    p->at = expr_skip_blanks(p->text, p->at) + 1;
    skip(p);
    expr *e = parse_value(p, depth);
    if (!e) {
        free(key);
        return NULL;
    }
    e->key = key;
    e->key_begin = begin;
    return e;
}

/* The children of `parent`, comma separated, up to and with the closing character. */
static bool parse_children(parser *p, expr *parent, char close, bool keys, int depth)
{
    if (depth >= EXPR_DEEPEST) return expr_fault(p->f, p->text, p->at, "nested more than %d levels deep", EXPR_DEEPEST);
    p->at++;
    skip(p);
    expr **tail = &parent->first;
    while (p->text[p->at] != close || parent->first) {
        *tail = parse_argument(p, keys, depth + 1);
        if (!*tail) return false;
        tail = &(*tail)->next;
        skip(p);
        if (p->text[p->at] == close) break;
        if (p->text[p->at] != ',') return unexpected(p, close == ')' ? "',' or ')'" : "',' or '}'");
        p->at++;
        skip(p);
    }
    p->at++;
    parent->end = p->at;
    return true;
}

static bool parse_name(parser *p, expr *e, int depth)
{
    e->name = take_name(p);
    if (!e->name) return false;
    e->end = p->at;
    size_t open = expr_skip_blanks(p->text, p->at);
    if (p->text[open] != '(') return true;
    p->at = open;
    e->called = true;
    return parse_children(p, e, ')', true, depth);
}

static size_t digits_at(const char *s)
{
    size_t n = 0;
    while (is_digit(s[n]))
        n++;
    return n;
}

/* Length of the number at s, and whether it is written as a whole one. A point that begins ".." is not part of it. */
static size_t number_length(const char *s, bool *whole)
{
    size_t sign = s[0] == '-', n = sign, digits = digits_at(s + n);
    n += digits;
    *whole = true;
    if (s[n] == '.' && s[n + 1] != '.') {
        size_t places = digits_at(s + n + 1);
        if (digits + places == 0) return 0;
        digits += places;
        n += 1 + places;
        *whole = false;
    }
    if (digits == 0) return 0;
    if (s[n] == 'e' || s[n] == 'E') {
        size_t mark = n + 1 + (s[n + 1] == '-' || s[n + 1] == '+');
        size_t places = digits_at(s + mark);
        if (places == 0) return n;
        n = mark + places;
        *whole = false;
    }
    return n;
}

static bool parse_number(parser *p, expr *e)
{
    const char *s = p->text + p->at;
    bool whole;
    size_t n = number_length(s, &whole);
    if (n == 0) return unexpected(p, "a number");
    if (expr_name_length(s, n) > 0) {
        p->at += n;
        return unexpected(p, "the end of a number");
    }
    e->kind = whole ? EXPR_INT : EXPR_REAL;
    if (whole) {
        errno = 0;
        long long i = strtoll(s, NULL, 10);
        if (errno == ERANGE) return expr_fault(p->f, p->text, p->at, "%.*s is too large", (int)(n < 40 ? n : 40), s);
        e->i = i;
        e->r = (double)i;
    } else if (!number_read(s, n, &e->r)) {
        return expr_fault(p->f, p->text, p->at, "%.*s is too large", (int)(n < 40 ? n : 40), s);
    }
    p->at += n;
    e->end = p->at;
    return true;
}

/* A number, or two with ".." between: then `low` becomes the range's first child. */
static expr *parse_numbers(parser *p)
{
    expr *low = new_node(p, EXPR_INT);
    if (!low || !parse_number(p, low)) goto fail;
    size_t dots = expr_skip_blanks(p->text, p->at);
    if (strncmp(p->text + dots, "..", 2) != 0) return low;
    p->at = dots + 2;
    skip(p);
    expr *range = new_node(p, EXPR_RANGE);
    if (!range) goto fail;
    range->begin = low->begin;
    range->first = low;
    low->next = new_node(p, EXPR_INT);
    if (!low->next || !parse_number(p, low->next)) {
        expr_free(range);
        return NULL;
    }
    range->end = p->at;
    return range;
fail:
    expr_free(low);
    return NULL;
}

static expr *parse_value(parser *p, int depth)
{
    char c = p->text[p->at];
    if (is_digit(c) || c == '-' || c == '.') return parse_numbers(p);
    if (c != '{' && !begins_name(c)) {
        unexpected(p, depth == 0 ? "a codec" : "a value");
        return NULL;
    }
    expr *e = new_node(p, c == '{' ? EXPR_SET : EXPR_NAME);
    if (!e) return NULL;
    bool ok = c == '{' ? parse_children(p, e, '}', false, depth) : parse_name(p, e, depth);
    if (ok && c == '{' && !e->first) ok = expr_fault(p->f, p->text, e->begin, "{} has no values");
    if (ok) return e;
    expr_free(e);
    return NULL;
}

expr *expr_parse(const char *text, size_t *at, fault *f)
{
    parser p = { .text = text, .at = expr_skip_blanks(text, *at), .f = f };
    if (!begins_name(text[p.at]) && text[p.at] != '{') {
        unexpected(&p, "a codec");
        return NULL;
    }
    expr *e = parse_value(&p, 0);
    if (e) *at = expr_skip_blanks(text, p.at);
    return e;
}

expr *expr_parse_all(const char *text, fault *f)
{
    if (!expr_fits(text, f)) return NULL;
    size_t at = 0;
    expr *e = expr_parse(text, &at, f);
    if (!e || text[at] == '\0') return e;
    parser p = { .text = text, .at = at, .f = f };
    unexpected(&p, "the end of the codec");
    expr_free(e);
    return NULL;
}
