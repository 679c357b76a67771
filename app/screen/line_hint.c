#include "app/screen/line_hint.h"

#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/complete.h"
#include "app/screen/line_words.h"

/* ---- mistakes ---- */

static bool blame(line_hint *h, const char *text, size_t place)
{
    h->wrong = true;
    h->has_place = true;
    h->place = place;
    snprintf(h->text, sizeof h->text, "%s", text);
    return true;
}

static bool is_begun(const command_table *commands, const char *word)
{
    const command *c;
    for (size_t i = 0; (c = command_at(commands, i)); i++)
        if (!(c->flags & (COMMAND_HIDDEN | COMMAND_CLI_ONLY)) && strncmp(c->name, word, strlen(word)) == 0) return true;
    return false;
}

/* A name that is being typed is wrong as soon as no command begins so. */
static bool command_is_wrong(const app_context *app, const line_words *w, line_hint *h)
{
    fault f = { 0 };
    const char *name = w->words.word[0];
    if (w->command || (w->current == 0 && is_begun(&app->commands, name))) return false;
    if (command_need(&app->commands, name, &f)) return false;
    return blame(h, f.text, w->word[0].at);
}

/* May the word at the cursor still become an option? */
static bool may_grow(const command *c, const char *word)
{
    const command_option *o;
    if (strncmp(word, "--", 2) != 0 || strchr(word, '=')) return true;
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        if (strncmp(o->name, word + 2, strlen(word + 2)) == 0) return true;
    return !word[2];
}

static bool is_complete(const line_words *w, int i)
{
    const line_word *l = &w->word[i];
    return i != w->current || (l->role == WORD_OPTION && !may_grow(w->command, w->words.word[i]));
}

static bool are_too_many(const line_words *w, int i)
{
    int most = 0;
    if (w->word[i].role != WORD_ARGUMENT) return false;
    for (const command_argument *a = w->command->arguments; a && a->name; a++, most++)
        if (a->flags & (ARGUMENT_REPEATS | ARGUMENT_JOINED)) return false;
    return w->word[i].argument >= most;
}

/* Words are added one by one: the first that the command does not take is the one to blame. With --help in front a
 * missing argument is no mistake. */
static bool word_is_wrong(const line_words *w, line_hint *h)
{
    const char *given[LINE_WORDS_MOST + 1] = { "--help" };
    for (int i = 1, n = 1; i < w->n; i++) {
        fault f = { 0 };
        if (!is_complete(w, i)) return false;
        given[n++] = w->words.word[i];
        if (w->word[i].wants_value) continue;
        const bool many = are_too_many(w, i);
        command_line *line = command_parse(w->command, many ? n - 1 : n, many ? given + 1 : given, NULL, &f);
        line_free(line);
        if (!line) return blame(h, f.text, w->word[i].at);
    }
    return false;
}

/* ---- the config ---- */

/* Is an option being typed, or its value? */
static bool is_at_option(const line_words *w)
{
    const line_word *l = &w->word[w->current >= 0 ? w->current : w->n - 1];
    if (w->current < 0) return l->wants_value;
    return l->role == WORD_OPTION || l->role == WORD_VALUE;
}

/* "12 configs, 2.13 to 5.13 bits/value" */
static void show_known(const prediction *p, line_hint *h)
{
    const char *about = p->about ? "about " : "", *first = p->calibrates ? "; wants `calibrate` first" : "";
    char part[48] = "";
    if (p->counted < p->configs) snprintf(part, sizeof part, " (of the first %.0f)", p->counted);
    if (p->configs > 1)
        snprintf(h->text, sizeof h->text, "%.0f configs, %s%.2f to %.2f bits/value%s%s", p->configs, about,
                 p->bits_per_value, p->most_bits, part, first);
    else
        snprintf(h->text, sizeof h->text, "%s%.3f bits/value (k %.3f, v %.3f), ratio %.2fx%s", about, p->bits_per_value,
                 p->k_bits, p->v_bits, p->ratio, first);
}

static bool use_prediction(const line_words *w, const char *line, const prediction *p, line_hint *h)
{
    line_config c;
    if (!p || !line_config_find(w, &c) || strcmp(c.text, p->asked) != 0) return false;
    switch (p->state) {
    case PREDICTION_KNOWN:
        if (h->text[0] && is_at_option(w)) return true;
        h->known = true;
        show_known(p, h);
        return true;
    case PREDICTION_WRONG:
        blame(h, p->text, line_config_place(w, &c, line, p->column));
        h->has_place = p->column > 0;
        return true;
    case PREDICTION_PARTIAL:
        if (!p->text[0] || h->text[0]) return false;
        snprintf(h->text, sizeof h->text, "%s", p->text);
        return true;
    case PREDICTION_NONE: break;
    }
    return false;
}

/* ---- what is expected ---- */

/* The word at the cursor, up to it: what completion would replace. */
static void ask_completion(app_context *app, const char *line, size_t point, line_hint *h)
{
    char before[4096];
    if (point >= sizeof before) return;
    memcpy(before, line, point);
    before[point] = '\0';
    size_t start = point;
    while (start && !strchr(" \t=,(", before[start - 1]))
        start--;
    complete_result r;
    complete_line(app, before, start, &r);
    if (r.hint[0])
        snprintf(h->text, sizeof h->text, "%s", r.hint);
    else if (r.n == 1 && r.helps && r.helps[0] && r.helps[0][0])
        snprintf(h->text, sizeof h->text, "%s: %s", r.names[0], r.helps[0]);
    complete_free(&r);
}

/* "--ctx N  tokens per passage, 4 to 16777216 (512)" */
static void show_option(const command_option *o, line_hint *h)
{
    char limits[64] = "", standard[64] = "";
    if (o->choices)
        snprintf(limits, sizeof limits, ": %s", o->choices);
    else if (o->type != OPTION_TEXT && o->type != OPTION_FLAG)
        snprintf(limits, sizeof limits, ", %.10g to %.10g", o->min, o->max);
    if (o->standard) snprintf(standard, sizeof standard, " (%s)", o->standard);
    snprintf(h->text, sizeof h->text, "--%s%s%s  %s%s%s", o->name, o->argument ? " " : "",
             o->argument ? o->argument : "", o->help, limits, standard);
}

static void show_expected(app_context *app, const line_words *w, const char *line, size_t point, line_hint *h)
{
    const line_word *l = &w->word[w->current >= 0 ? w->current : w->n - 1];
    ask_completion(app, line, point, h);
    if (!h->text[0] && l->option && is_at_option(w)) show_option(l->option, h);
}

static void show_synopsis(const line_words *w, line_hint *h)
{
    char arguments[256];
    if (!w->command || h->text[0]) return;
    help_arguments(w->command, arguments, sizeof arguments);
    snprintf(h->text, sizeof h->text, "%s  %s", arguments, w->command->summary);
}

void line_hint_make(app_context *app, const char *line, size_t point, const prediction *p, line_hint *h)
{
    line_words w;
    memset(h, 0, sizeof *h);
    if (!line_words_read(&app->commands, line, point, &w)) return;
    const bool wrong = w.n && (command_is_wrong(app, &w, h) || (w.command && word_is_wrong(&w, h)));
    if (w.n && !wrong) {
        show_expected(app, &w, line, point, h);
        if (w.command && !use_prediction(&w, line, p, h)) show_synopsis(&w, h);
    }
    line_words_free(&w);
}
