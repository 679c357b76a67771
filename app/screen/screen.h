/* screen.h - the lab as a full screen: runs, plot, details, log and the command line.
 *
 * Everything a person does here is a command of the table (a key stands for one), and commands that work run in
 * children (console.h): the loop only waits, reads and draws.
 *
 * [main thread; one at a time]
 */
#ifndef KVANT_APP_SCREEN_SCREEN_H
#define KVANT_APP_SCREEN_SCREEN_H

#include "app/app.h"

/* Runs until a person leaves: 0; 75 when SIGTERM, SIGHUP or the loss of the terminal ended it. line: --db, --no-mouse.
 * A terminal that cannot show a screen is a fault in *f with code FAULT_INPUT, nothing has been drawn then, and -1 is
 * returned: the prompt will do. */
int screen_run(app_context *app, const command_line *line, fault *f);

#endif
