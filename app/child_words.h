/* child_words.h - the command line on which a command starts itself as a child that runs codecs.
 *
 *     child_words w;
 *     child_words_begin(&w, app, "roundtrip-child", line);     the options of the line that the child's row has, too
 *     child_words_argument(&w, s->text);
 *     child_words_argument(&w, file);
 *     child_words_plugins(&w, s);                              the last arguments, each once
 *     ok = child_words_end(&w, "roundtrip", &f) && child_run(app, "roundtrip", w.at, ...);
 *
 * The words are the caller's strings. A child's row in the table of commands lists the options of its command's
 * that it is to have; --plugin is the front's, which says every file.
 */
#ifndef KVANT_APP_CHILD_WORDS_H
#define KVANT_APP_CHILD_WORDS_H

#include "app/app.h"
#include "app/config.h"

enum { CHILD_WORDS = 256, CHILD_NAMES = 1024 };

typedef struct child_words {
    char *at[CHILD_WORDS];
    int n, plugins;          /* where the plugins begin; 0: nowhere yet */
    char names[CHILD_NAMES]; /* of the options, with their dashes */
    size_t n_names;
    bool full;
} child_words;

void child_words_begin(child_words *w, app_context *app, const char *name, const command_line *line);
void child_words_argument(child_words *w, const char *word);
void child_words_plugins(child_words *w, const spec *s);
void child_words_config(child_words *w, const config *c);  /* the plugins of all its codecs */
void child_words_plugin(child_words *w, const char *path); /* one more */

/* Ends the list; a fault that begins with `what` when there were too many words. */
bool child_words_end(child_words *w, const char *what, fault *f);

#endif
