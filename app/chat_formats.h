/* chat_formats.h - what models were trained to see around messages: the table behind app/chat.h.
 *
 * A form is text with the format's markers in it, %s for the message and {eos} for the token that ends a text. A marker
 * becomes its token; where `markers` are not in the vocabulary the row does not apply.
 */
#ifndef KVANT_APP_CHAT_FORMATS_H
#define KVANT_APP_CHAT_FORMATS_H

enum { CHAT_SAYS = 3, CHAT_MARKERS = 5 };

typedef struct chat_form {
    const char *name;                      /* NULL ends the table; the last row before is `plain` */
    const char *says[CHAT_SAYS + 1];       /* all stand in the template; none: any */
    const char *markers[CHAT_MARKERS + 1]; /* all are in the vocabulary */
    const char *begin;
    const char *system; /* NULL: standing orders stand in the user's message, before an empty line */
    const char *user;
    const char *ask;      /* before an answer */
    const char *answered; /* after it */
} chat_form;

extern const chat_form chat_forms[];

#endif
