/* complete_role.h - what the word at the end of a typed line is to its command. Used by app/complete.c.
 *
 *     complete_role r;
 *     complete_role_find(&commands, "run k=q8_0 v=tur", &r);
 *     r.command is run, r.argument its CONFIG, r.typed "v=tur", r.joined "k=q8_0 v=tur"
 *     complete_role_free(&r);
 *
 * A quote that is still open counts as closed. [any thread]
 */
#ifndef KVANT_APP_COMPLETE_ROLE_H
#define KVANT_APP_COMPLETE_ROLE_H

#include "app/command.h"
#include "app/words.h"

typedef enum role_kind {
    ROLE_NOTHING, /* a comment, a quote inside a quote, something behind an unknown command */
    ROLE_COMMAND, /* its name */
    ROLE_OPTION,  /* --name or -x */
    ROLE_VALUE,   /* of `option` */
    ROLE_ARGUMENT,
} role_kind;

typedef struct complete_role {
    role_kind kind;
    const command *command;           /* NULL for ROLE_COMMAND */
    const command_option *option;     /* VALUE */
    const command_argument *argument; /* ARGUMENT; NULL: one too many */
    const char *typed;                /* the word, or the option's value, as far as it is there */
    const char *before;               /* the argument before this one; "" when it is the first */
    const char *joined;               /* ARGUMENT_JOINED: all of its words, a blank between */
    words words;
    char *text; /* owns joined */
} complete_role;

/* False: out of memory. */
bool complete_role_find(const command_table *commands, const char *line, complete_role *r);
void complete_role_free(complete_role *r);

#endif
