/* captured.h - a command of the table run in this process, with what it writes kept instead of shown.
 *
 * stdout goes to a file without a name and comes back as text. stderr is passed on as it comes, but for the sentence
 * with which a command that fails ends: that becomes the fault.
 *
 *     char *text = NULL;
 *     captured_run(app, line, &text, &f)      text: what it wrote; free it
 *
 * [main thread]
 */
#ifndef KVANT_APP_LUA_CAPTURED_H
#define KVANT_APP_LUA_CAPTURED_H

#include "app/app.h"

enum { CAPTURED_MOST = 64 << 20 }; /* bytes of stdout */

/* Runs the line's command. False with its fault when its exit status is not 0. With FAULT_NO (the answer is no) *text
 * is what it wrote, too; else it is NULL then. */
bool captured_run(app_context *app, const command_line *line, char **text, fault *f);

#endif
