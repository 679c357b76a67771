#include "app/screen/line_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct places {
    const char *line;
    line_words *words;
} places;

/* Asked before each word: where it begins. No word is raw here: SQL is looked at by nobody while it is typed. */
static bool note_place(void *arg, const words *so_far, const char *rest)
{
    const places *p = arg;
    if (so_far->n < LINE_WORDS_MOST) p->words->word[so_far->n].at = (size_t)(rest - p->line);
    return false;
}

static bool split(const char *line, line_words *w)
{
    static const char *const closings[] = { "", "'", "\"" };
    const size_t n = strlen(line);
    char *closed = malloc(n + 2);
    bool good = false;
    for (size_t i = 0; closed && !good && i < sizeof closings / sizeof *closings; i++) {
        places p = { closed, w };
        memcpy(closed, line, n);
        strcpy(closed + n, closings[i]);
        good = words_split_raw(closed, getenv("HOME"), note_place, &p, &w->words, NULL);
    }
    free(closed);
    return good;
}

static void give_roles(line_words *w)
{
    const command_option *pending = NULL;
    bool options = true;
    int arguments = 0;
    for (int i = 0; i < w->n; i++) {
        line_word *l = &w->word[i];
        const char *text = w->words.word[i];
        *l = (line_word){ .at = l->at };
        if (i == 0) continue; /* WORD_COMMAND */
        if (pending) {
            l->role = WORD_VALUE;
            l->option = pending;
            pending = NULL;
        } else if (options && command_is_option(text)) {
            l->role = WORD_OPTION;
            l->option = w->command ? command_option_typed(w->command, text, &l->wants_value) : NULL;
            if (strcmp(text, "--") == 0) options = false;
            if (l->wants_value) pending = l->option;
        } else {
            l->role = WORD_ARGUMENT;
            l->argument = arguments++;
        }
    }
}

bool line_words_read(const command_table *commands, const char *line, size_t point, line_words *w)
{
    memset(w, 0, sizeof *w);
    w->current = -1;
    if (!split(line, w)) return false;
    w->n = w->words.n < LINE_WORDS_MOST ? w->words.n : LINE_WORDS_MOST;
    w->command = w->n ? command_find(commands, w->words.word[0]) : NULL;
    give_roles(w);
    int before = 0;
    while (before < w->n && w->word[before].at < point)
        before++;
    /* Behind a blank that no quote holds, the cursor is in no word. */
    if (before && point && !strchr(" \t", line[point - 1])) w->current = before - 1;
    return true;
}

void line_words_free(line_words *w)
{
    words_free(&w->words);
}

/* ---- the config ---- */

static const command_argument *argument_at(const command *c, int i)
{
    for (const command_argument *a = c->arguments; a && a->name; a++, i--)
        if (i == 0 || a->flags & (ARGUMENT_REPEATS | ARGUMENT_JOINED)) return a;
    return NULL;
}

static bool add_word(line_config *c, const line_words *w, int i)
{
    const size_t used = strlen(c->text), gap = c->n > 0, size = strlen(w->words.word[i]);
    if (used + gap + size >= sizeof c->text) return false;
    if (gap) c->text[used] = ' ';
    strcpy(c->text + used + gap, w->words.word[i]);
    c->word[c->n] = i;
    c->at[c->n++] = used + gap;
    return true;
}

/* Many configs at once (app/grid.h). Only a sweep takes one; elsewhere ".." counts layers. */
static bool is_grid(const command *c, const char *text)
{
    return strcmp(c->name, "sweep") == 0 && (strstr(text, "..") || strchr(text, '{'));
}

static bool is_config(const line_words *w, int i)
{
    const line_word *l = &w->word[i];
    const command_argument *a = l->role == WORD_ARGUMENT ? argument_at(w->command, l->argument) : NULL;
    return a && a->completes == COMPLETE_CONFIG;
}

const char *line_option(const line_words *w, const char *name)
{
    const char *value = NULL;
    for (int i = 1; i < w->n; i++) {
        const line_word *l = &w->word[i];
        const char *text = w->words.word[i], *equals = strchr(text, '=');
        if (!l->option || strcmp(l->option->name, name) != 0) continue;
        if (l->role == WORD_VALUE)
            value = text;
        else if (l->role == WORD_OPTION && !l->wants_value)
            value = text[1] != '-' ? text + 2 : equals ? equals + 1 : value;
    }
    return value;
}

static bool add_line(line_config *c, const char *begin, const char *text)
{
    const size_t used = strlen(c->text), room = sizeof c->text - used;
    const int n = snprintf(c->text + used, room, "%s%s%s", used ? "\n" : "", begin, text);
    return n >= 0 && (size_t)n < room;
}

/* Everything a sweep is given, when that is more than single configs. */
static bool find_many(const line_words *w, line_config *c)
{
    static const char *const lists[][2] = { { "k", "--k " }, { "v", "--v " } };
    bool grids = false, fits = true;
    if (strcmp(w->command->name, "sweep") != 0) return false;
    for (int i = 1; i < w->n; i++) {
        if (!is_config(w, i)) continue;
        grids = grids || is_grid(w->command, w->words.word[i]);
        fits = fits && add_line(c, "", w->words.word[i]);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *list = line_option(w, lists[i][0]);
        if (list && *list) grids = true;
        if (list && *list) fits = fits && add_line(c, lists[i][1], list);
    }
    c->many = grids && fits;
    if (!c->many) c->text[0] = '\0';
    return c->many;
}

bool line_config_find(const line_words *w, line_config *c)
{
    c->n = 0;
    c->many = false;
    c->text[0] = '\0';
    if (!w->command) return false;
    if (find_many(w, c)) return true;
    const int current = w->current;
    for (int i = 1; i < w->n; i++) {
        if (!is_config(w, i)) continue;
        const command_argument *a = argument_at(w->command, w->word[i].argument);
        /* Where each word is a config of its own, it is the one at the cursor, or else the last. */
        const bool joined = a->flags & ARGUMENT_JOINED;
        if (!joined && c->n && c->word[0] == current) continue;
        if (!joined) {
            c->n = 0;
            c->text[0] = '\0';
        }
        if (!add_word(c, w, i)) return false;
    }
    return c->n > 0 && !is_grid(w->command, c->text);
}

size_t line_config_place(const line_words *w, const line_config *c, const char *line, int column)
{
    if (c->n == 0) return 0;
    const size_t at = column > 0 ? (size_t)column - 1 : 0;
    int i = c->n - 1;
    while (i > 0 && c->at[i] > at)
        i--;
    const size_t begins = w->word[c->word[i]].at;
    const bool quoted = line[begins] == '\'' || line[begins] == '"';
    const size_t place = begins + quoted + (at - c->at[i]), end = strlen(line);
    return place < end ? place : end;
}
