/* repl_complete.h - readline's Tab, from the table of commands (complete.h): for the prompt and for the screen.
 *
 * [main thread; readline has one state, and so one of these at a time]
 */
#ifndef KVANT_APP_REPL_COMPLETE_H
#define KVANT_APP_REPL_COMPLETE_H

#include "app/app.h"

/* Sets readline's hooks for completion; app must live until repl_complete_end. */
void repl_complete_begin(app_context *app);
void repl_complete_end(void);

#endif
