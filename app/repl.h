/* repl.h - the prompt, and lines of commands from elsewhere.
 *
 * Every line is split into words (words.h) and run by app_run, so a line means what the same words mean to the shell.
 * But for an argument in a language of its own (ARGUMENT_RAW, as sql has): there options and their values come first,
 * and from the first word that is none the rest of the line is the argument, quotes, # and all:
 *
 *     sql --mode csv SELECT config FROM v_runs WHERE text = 'self'
 *     sql "SELECT config FROM v_runs WHERE text = 'self'" --mode csv      begins with a quote: words, as everywhere
 *
 * At the prompt: Tab completes from the table of commands; Ctrl-C clears the line, or asks the running command to stop;
 * Ctrl-D on an empty line leaves. Lines are kept in the state directory (0600, the last 5000, not those that begin with
 * a space or repeat the one before).
 *
 * [main thread; one prompt at a time: readline has one state]
 */
#ifndef KVANT_APP_REPL_H
#define KVANT_APP_REPL_H

#include <stdio.h>

#include "app/app.h"

/* Reads lines from the terminal until told to leave. Returns 0, or 75 when SIGTERM or SIGHUP ended it. */
int repl_prompt(app_context *app);

/* Runs the lines of a file or pipe up to the first that fails, and returns its status; the failure is followed by a
 * sentence that names the line. Interrupted: 75. */
int repl_stream(app_context *app, FILE *from, const char *name);

/* The words of a typed line, as above: for app_run. False with a fault, and then there is nothing to free, for a quote
 * that is not closed. [any thread] */
struct words;
bool repl_words(const command_table *commands, const char *line, struct words *w, fault *f);

/* Runs one line. An empty line is fine. */
int repl_line(app_context *app, const char *line);

#endif
