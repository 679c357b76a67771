/* complete_config.h - a config that is being typed: is it one already, can it still become one, and what may come next.
 *
 *     config_typed t;
 *     config_typed_read(known, "k=q8_0 v=tur", PLACE_CONFIG, &t);      TYPED_PARTIAL
 *     config_next n;
 *     config_next_find(known, "k=q8_0 v=polar(bits=", PLACE_CONFIG, &n);
 *     n.offers[0].text "1" ... n.hint "bits  1 to 8 (4)  bits per coordinate"
 *     config_next_free(&n);
 *
 * Everything follows from the codecs' tables of parameters and from config_parse itself: a text can still become a
 * config when, with one of the words that may come next and the plainest end behind it, it parses; and only such words
 * are offered. So what is offered never leads astray. No codec runs. [any thread]
 */
#ifndef KVANT_APP_COMPLETE_CONFIG_H
#define KVANT_APP_COMPLETE_CONFIG_H

#include "app/complete_place.h"
#include "app/config.h"

enum { CONFIG_HELP = 192, CONFIG_HINT = 256 };

typedef struct config_offer {
    char *text; /* the whole of the word that is being typed */
    char help[CONFIG_HELP];
    bool open; /* its word goes on: no blank follows */
} config_offer;

typedef struct config_next {
    size_t at; /* where the word begins in the text */
    config_offer *offers;
    size_t n;
    char hint[CONFIG_HINT]; /* what is expected here, or "" */
} config_next;

/* Out of memory shows as fewer offers. */
void config_next_find(const catalog *known, const char *text, place_grammar grammar, config_next *out);
void config_next_free(config_next *n);

typedef enum typed_state { TYPED_WHOLE, TYPED_PARTIAL, TYPED_WRONG } typed_state;

typedef struct config_typed {
    typed_state state;
    config *config;    /* PLACE_CONFIG that is WHOLE: the caller's to free */
    int column;        /* WRONG: where, from 1; 0: nowhere in particular */
    char message[512]; /* WRONG: what; PARTIAL: what is missing */
} config_typed;

void config_typed_read(const catalog *known, const char *text, place_grammar grammar, config_typed *out);

/* The fault of a parser taken apart: the message without the text it quotes, and its column (0: it names none). */
int config_fault_column(const fault *f, const char *text, char *message, size_t room);

#endif
