/* expr.h - the text of one codec expression, parsed but not yet understood.
 *
 *     expression:  name | name(argument, ...) | {expression, ...}
 *     argument:    value | key=value
 *     value:       expression | number | number..number | {value, ...}
 *     name, key:   a letter or '_', then letters, digits, '_'
 *     number:      -12  0.5  .5  1e-3
 *
 * Blanks are free between tokens. Ranges and braces are grids, for sweeps. Whether a name is a codec, an enum's word or
 * true is for app/spec.h to say, which knows the codecs. Every node keeps its place in the text for messages:
 *
 *     k=kakeya(rnak=64): no parameter "rnak"; did you mean "rank"? (column 10)
 *
 * Limits: 64 KiB of text, 32 levels of nesting.
 */
#ifndef KVANT_APP_EXPR_H
#define KVANT_APP_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum { EXPR_LONGEST = 65536, EXPR_DEEPEST = 32 };

typedef enum expr_kind {
    EXPR_NAME,  /* name, with or without (arguments): children are the arguments */
    EXPR_INT,   /* i, and r with the same value */
    EXPR_REAL,  /* r */
    EXPR_RANGE, /* two children, numbers */
    EXPR_SET,   /* one child or more */
} expr_kind;

typedef struct expr expr;
struct expr {
    expr_kind kind;
    size_t begin, end; /* offsets into the text: first byte, one past the last (no blanks) */
    char *name;        /* EXPR_NAME */
    bool called;       /* EXPR_NAME: there are parentheses */
    int64_t i;
    double r;
    char *key; /* of an argument written key=value, else NULL */
    size_t key_begin;
    expr *first, *next; /* first child, next sibling */
};

/* Parses one expression of `text` that begins at *at and moves *at behind it and the blanks after it. The caller frees
 * the result with expr_free. NULL with a message that names the column. [any thread] */
expr *expr_parse(const char *text, size_t *at, fault *f);

/* The same for a text that is one expression and nothing else. */
expr *expr_parse_all(const char *text, fault *f);
void expr_free(expr *e); /* NULL is fine */

/* The pieces other grammars on the same line (app/config.h) are made of. */
size_t expr_skip_blanks(const char *text, size_t at);
size_t expr_name_length(const char *text, size_t at); /* 0: no name begins here */
bool expr_is_name(const char *s);                     /* the whole of s is one name */

/* False, with a message, when the text is longer than EXPR_LONGEST. */
bool expr_fits(const char *text, fault *f);

/* "TEXT: message (column N)" as FAULT_INPUT, N = at + 1; of a long text the part around the column is shown. Returns
 * false. */
bool expr_fault(fault *f, const char *text, size_t at, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
