/* complete_place.h - where in the grammar of a config (app/config.h, app/expr.h) a text ends.
 *
 *     place p;
 *     place_find(known, "k=rotate(polar(bits=", PLACE_CONFIG, &p);
 *     p.kind == PLACE_VALUE, p.param is bits, p.depth == 2, p.token == 20
 *
 * This is a reader for text that is not finished. It looks for what is being typed and believes the rest: whether the
 * text is right so far is for config_parse to say (app/complete_config.h asks it).
 */
#ifndef KVANT_APP_COMPLETE_PLACE_H
#define KVANT_APP_COMPLETE_PLACE_H

#include "app/catalog.h"
#include "app/expr.h"

typedef enum place_grammar {
    PLACE_CONFIG,     /* what `run` takes */
    PLACE_GRID,       /* what `sweep` takes: a config, also with ranges and sets */
    PLACE_LIST,       /* codecs with commas between, with ranges and sets: sweep --k */
    PLACE_EXPRESSION, /* one codec */
} place_grammar;

typedef enum place_kind {
    PLACE_NOWHERE,  /* something before the end fits nowhere */
    PLACE_ITEM,     /* an item of the config: a codec, k=, v=, rope=, adaptive=, @ */
    PLACE_PART,     /* of an exception: a codec, k=, v= */
    PLACE_CODEC,    /* a codec and nothing else */
    PLACE_ARGUMENT, /* in parentheses: the inner codec, or a parameter's name */
    PLACE_VALUE,    /* of `param` */
    PLACE_AFTER,    /* right behind a codec with parentheses, or blanks behind a value or codec in parentheses */
    PLACE_LAYERS,   /* behind @ */
    PLACE_ROPE,
    PLACE_ADAPTIVE,
} place_kind;

/* An open parenthesis of `codec`, or an open brace (codec NULL). */
typedef struct place_frame {
    const catalog_codec *codec;
    uint64_t given;    /* bits of its parameters */
    bool has_argument; /* one stands before a comma, or is complete */
} place_frame;

typedef struct place {
    place_kind kind;
    size_t token;               /* what is being typed begins here; the end of the text when nothing is, yet */
    const catalog_param *param; /* VALUE */
    place_frame frames[EXPR_DEEPEST + 1];
    int depth;         /* frames that are open */
    bool in_exception; /* behind the colon of an exception */
    bool after_name;   /* the token is empty and blanks stand behind a name, which ( or = may follow */
} place;

void place_find(const catalog *known, const char *text, place_grammar grammar, place *out);

#endif
