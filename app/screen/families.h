/* families.h - which family each codec belongs to, asked of a child while the screen is already up.
 *
 *     families *q = families_ask(app, &f);
 *     poll(families_fd(q)) ... if (families_take(q, &known)) board_families(board, known);
 *
 * [main thread]
 */
#ifndef KVANT_APP_SCREEN_FAMILIES_H
#define KVANT_APP_SCREEN_FAMILIES_H

#include "app/app.h"
#include "app/catalog.h"

typedef struct families families;

families *families_ask(app_context *app, fault *f);
void families_free(families *q); /* stops the child; NULL is fine */

int families_fd(const families *q); /* -1: the child has ended */

/* Reads what is there. True when the child has ended: then *known is its answer, to be freed, or NULL. */
bool families_take(families *q, catalog **known);

#endif
