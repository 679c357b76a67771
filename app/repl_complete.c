#include "app/repl_complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

#include "app/complete.h"

/* Readline's hooks have no argument of their own: this says for whom it completes. */
static app_context *completing_for;

static char **as_matches(const complete_result *r)
{
    char **matches = calloc(r->n + 2, sizeof *matches);
    if (!matches) return NULL;
    size_t common = strlen(r->names[0]);
    for (size_t i = 0; i < r->n; i++) {
        size_t n = 0;
        while (n < common && r->names[i][n] == r->names[0][n])
            n++;
        common = n;
        if (r->n > 1) matches[i + 1] = strdup(r->names[i]);
    }
    matches[0] = strndup(r->names[0], common);
    return matches;
}

static char **offer(const char *text, int start, int end)
{
    (void)text;
    char *line = strndup(rl_line_buffer, (size_t)end);
    if (!line) return NULL;
    complete_result r;
    complete_line(completing_for, line, (size_t)start, &r);
    free(line);
    rl_attempted_completion_over = !r.files;
    rl_completion_suppress_append = r.open;
    char **matches = r.n ? as_matches(&r) : NULL;
    complete_free(&r);
    return matches;
}

void repl_complete_begin(app_context *app)
{
    completing_for = app;
    rl_completer_word_break_characters = " \t\n=,(";
    rl_completer_quote_characters = "'\"";
    rl_attempted_completion_function = offer;
}

void repl_complete_end(void)
{
    rl_attempted_completion_function = NULL;
    completing_for = NULL;
}
