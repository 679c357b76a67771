/* permit.h - what a recipe may ask kvant to do without --unsafe.
 *
 * A recipe reads models and texts and adds runs to the database the person named. It loads no code (plugins are named
 * on the line of kvant recipe), opens no other database, changes or removes no rows, and writes files only below the
 * working directory, under names that end as a report does. One table lists the commands; what is not in it is not
 * for recipes.
 */
#ifndef KVANT_APP_LUA_PERMIT_H
#define KVANT_APP_LUA_PERMIT_H

#include "app/command.h"

/* False with a fault that says what is forbidden. */
bool permit_line(bool unsafe, const command_line *line, fault *f);

/* The same for one setting that a recipe wants to change. */
bool permit_setting(bool unsafe, const char *name, fault *f);

#endif
