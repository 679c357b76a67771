#include "app/lua/front.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/lua/run_recipe.h"
#include "app/spawn.h"

static const char child_name[] = "recipe-child";

/* ---- the child's words ---- */

typedef struct word_list {
    char **at;
    size_t n;
    bool failed;
} word_list;

/* One word, in up to three pieces. */
static void add(word_list *w, const char *a, const char *b, const char *c)
{
    char *word = malloc(strlen(a) + strlen(b) + strlen(c) + 1);
    char **grown = word ? reallocarray(w->at, w->n + 2, sizeof *grown) : NULL;
    if (grown) w->at = grown;
    if (!grown) {
        free(word);
        w->failed = true;
        return;
    }
    stpcpy(stpcpy(stpcpy(word, a), b), c);
    w->at[w->n++] = word;
    w->at[w->n] = NULL;
}

static void free_words(word_list *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->at[i]);
    free(w->at);
}

static void add_named(word_list *w, const command_option *o, const char *value)
{
    if (o->type == OPTION_FLAG) {
        add(w, "--", o->name, "");
        return;
    }
    add(w, "--", o->name, "=");
    if (w->failed) return;
    char **last = &w->at[w->n - 1], *longer = realloc(*last, strlen(*last) + strlen(value) + 1);
    if (longer)
        strcat(*last = longer, value);
    else
        w->failed = true;
}

/* What stands on the line, and what the session has set. */
static void add_option(word_list *w, const app_context *app, const command_line *line, const command_option *o)
{
    const char *set = o->flags & OPTION_SETTING ? settings_get(app->session, o->name) : NULL;
    if (!line_given(line, o->name)) {
        if (set) add_named(w, o, set);
        return;
    }
    for (size_t i = 0; i < line_count(line, o->name); i++) {
        add_named(w, o, line_text_at(line, o->name, i));
        if (!(o->flags & OPTION_REPEATS)) break;
    }
}

static word_list child_words(const app_context *app, const command_line *line, const char *path)
{
    word_list w = { 0 };
    char depth[24];
    const command *child = command_find(&app->commands, child_name);
    const command_option *o;
    snprintf(depth, sizeof depth, "%d", app->recipe_depth + 1);
    add(&w, app->places.executable, "", "");
    add(&w, child_name, "", "");
    add(&w, "--depth=", depth, "");
    for (size_t i = 0; (o = command_option_at(child, i)); i++)
        if (strcmp(o->name, "depth") != 0) add_option(&w, app, line, o);
    add(&w, "--", "", "");
    add(&w, path, "", "");
    for (size_t i = 1; i < line_n_args(line); i++)
        add(&w, line_arg(line, i), "", "");
    return w;
}

/* ---- waiting ---- */

/* Hands a request to stop on, in case it was sent to this process alone; the second one is not asked but done. */
static int wait_for(app_context *app, pid_t child)
{
    int status = 0, asked = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
        if (!app_cancelled(app) || asked > 1) continue;
        if (terminal_ended() && asked) continue;
        kill(child, asked ? SIGKILL : terminal_ended() ? SIGTERM : SIGINT);
        asked++;
        if (!terminal_ended()) terminal_resume();
    }
    return status;
}

static int end_of(app_context *app, const char *path, int status)
{
    fault f = { 0 };
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    fault_set(&f, WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM ? FAULT_INTERRUPTED : FAULT_INTERNAL,
              "recipe %s: its process was ended by signal %d, %s; finished runs are kept", path, WTERMSIG(status),
              strsignal(WTERMSIG(status)));
    return app_report(app, &f);
}

/* Starts the child: nothing to read on stdin, and the screen's events, if there is a screen. */
static bool start(app_context *app, char *const *words, pid_t *child, fault *f)
{
    const spawn_how how = { .files = { SPAWN_NOTHING, STDOUT_FILENO, STDERR_FILENO }, .also = app->events.fd };
    char fd[24];
    snprintf(fd, sizeof fd, "%d", app->events.fd);
    if (app->events.fd >= 0) setenv("KVANT_EVENTS", fd, 1);
    fflush(stdout);
    const int failed = spawn_start(child, words, &how);
    if (app->events.fd >= 0) unsetenv("KVANT_EVENTS");
    return !failed || fault_set(f, FAULT_INTERNAL, "%s: cannot be started: %s", words[0], strerror(failed));
}

int front_recipe(app_context *app, const command_line *line, const char *path)
{
    fault f = { 0 };
    pid_t child;
    word_list w = child_words(app, line, path);
    const bool ok = w.failed ? fault_memory(&f, "a recipe's words") : start(app, w.at, &child, &f);
    free_words(&w);
    return ok ? end_of(app, path, wait_for(app, child)) : app_report(app, &f);
}

/* ---- the child ---- */

/* The line's values as the session's: a recipe's commands have them where they do not say otherwise. */
static bool take_settings(app_context *app, const command_line *line, fault *f)
{
    const command_option *o;
    for (size_t i = 0; (o = settings_option(app->session, i)); i++) {
        if (!line_given(line, o->name)) continue;
        const char *text = o->type == OPTION_FLAG ? "on" : line_text(line, o->name);
        if (!settings_set(app->session, o->name, text, f)) return false;
    }
    return true;
}

int front_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    app->recipe_depth = (int)line_int(line, "depth");
    app->at_prompt = true;
    return take_settings(app, line, &f) ? run_recipe(app, line) : app_report(app, &f);
}
