/* repl_history.h - the lines typed before, over readline's history list.
 *
 * A file that cannot be read or written never stands in the way of the prompt: then lines are remembered for this
 * session only. Each line is appended as it is typed, so that two prompts share a file and a crash loses nothing.
 */
#ifndef KVANT_APP_REPL_HISTORY_H
#define KVANT_APP_REPL_HISTORY_H

void repl_history_open(const char *path);
void repl_history_keep(const char *path, const char *line);
void repl_history_close(const char *path); /* cuts the file to the last 5000 lines */

#endif
