/* options.h - options that several commands share, written once.
 *
 * A command's row lists the tables it takes; each ends with a row whose name is NULL. The rows marked OPTION_SETTING
 * are what `set` keeps for a session.
 */
#ifndef KVANT_APP_OPTIONS_H
#define KVANT_APP_OPTIONS_H

#include "app/command.h"

extern const command_option options_evaluation[]; /* model, text, protocol, sizes, threads, seed, time limit, cache */
extern const command_option options_jobs[];       /* jobs: for what makes many runs */
extern const command_option options_timing[];     /* timing */
extern const command_option options_plugin[];     /* plugin */
extern const command_option options_database[];   /* db */
extern const command_option options_rows[];       /* mode, timer: of answers in rows */
extern const command_option options_output[];     /* json, color, ascii, help: every command has these */

/* All of the above, for settings_create. */
extern const command_option *const options_shared[];

#endif
