#include "app/complete_role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stands at the cursor while the line is split, so that the word there has a letter and is found again. */
#define CURSOR "\1"

/* Splits the line with the mark at its end, in whichever quote is open there. */
static bool split(const char *line, words *w)
{
    static const char *const ends[] = { CURSOR, CURSOR "'", CURSOR "\"" };
    const size_t room = strlen(line) + 4;
    char *marked = malloc(room);
    bool good = false;
    for (size_t i = 0; marked && !good && i < sizeof ends / sizeof *ends; i++) {
        snprintf(marked, room, "%s%s", line, ends[i]);
        good = words_split(marked, NULL, w, NULL);
    }
    free(marked);
    return good;
}

/* The last word without the mark; NULL when it is not there: in a comment. */
static char *take_typed(words *w)
{
    char *last = w->n ? w->word[w->n - 1] : NULL;
    const size_t n = last ? strlen(last) : 0;
    if (n == 0 || last[n - 1] != CURSOR[0]) return NULL;
    last[n - 1] = '\0';
    return last;
}

static const command_argument *argument_at(const command *c, int at)
{
    for (const command_argument *a = c->arguments; a && a->name; a++, at--)
        if (at <= 0 || a->flags & (ARGUMENT_REPEATS | ARGUMENT_JOINED)) return a;
    return NULL;
}

/* The arguments' words from the `skip`-th on, joined. */
static bool join(complete_role *r, char *const *arguments, int n, int skip)
{
    size_t room;
    FILE *out = open_memstream(&r->text, &room);
    if (!out) return false;
    for (int i = skip; i < n; i++)
        fprintf(out, "%s%s", i > skip ? " " : "", arguments[i]);
    if (fclose(out)) return false;
    r->joined = r->text;
    return true;
}

static bool find_argument(complete_role *r, char **arguments, int n)
{
    r->kind = ROLE_ARGUMENT;
    r->argument = argument_at(r->command, n - 1);
    r->before = n > 1 ? arguments[n - 2] : "";
    if (!r->argument || !(r->argument->flags & ARGUMENT_JOINED)) return true;
    return join(r, arguments, n, (int)(r->argument - r->command->arguments));
}

/* The roles of the words behind the command's name, up to the last one. */
static bool find_role(complete_role *r, char **arguments)
{
    const command_option *pending = NULL;
    bool ended = false;
    int n = 0;
    for (int i = 1; i < r->words.n; i++) {
        char *word = r->words.word[i];
        const bool last = i == r->words.n - 1;
        bool wants_next = false;
        const command_option *o =
            ended || pending || word[0] != '-' ? NULL : command_option_typed(r->command, word, &wants_next);
        if (pending && last) {
            r->kind = ROLE_VALUE;
            r->option = pending;
            return true;
        }
        if (last && o && word[1] == '-' && strchr(word, '=')) {
            r->kind = ROLE_VALUE;
            r->option = o;
            r->typed = strchr(word, '=') + 1;
            return true;
        }
        if (last && !ended && word[0] == '-') {
            r->kind = ROLE_OPTION;
            return true;
        }
        if (!pending && !ended && strcmp(word, "--") == 0)
            ended = true;
        else if (!pending && !o)
            arguments[n++] = word;
        pending = wants_next ? o : NULL;
    }
    return find_argument(r, arguments, n);
}

bool complete_role_find(const command_table *commands, const char *line, complete_role *r)
{
    *r = (complete_role){ .before = "", .joined = "" };
    if (!split(line, &r->words)) return true;
    r->typed = take_typed(&r->words);
    if (!r->typed) return true;
    if (r->words.n == 1) {
        r->kind = ROLE_COMMAND;
        return true;
    }
    r->command = command_find(commands, r->words.word[0]);
    char **arguments = r->command ? calloc((size_t)r->words.n, sizeof *arguments) : NULL;
    const bool ok = !r->command || (arguments && find_role(r, arguments));
    free(arguments);
    if (ok) return true;
    complete_role_free(r);
    return false;
}

void complete_role_free(complete_role *r)
{
    words_free(&r->words);
    free(r->text);
    *r = (complete_role){ .before = "", .joined = "" };
}
