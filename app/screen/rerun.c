/* A run as the line that makes it again. */
#include "app/screen/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/words.h"

typedef struct writer {
    char *text;
    size_t n, capacity;
} writer;

static void add(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(writer *w, const char *format, ...)
{
    if (w->n >= w->capacity) return;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(w->text + w->n, w->capacity - w->n, format, args);
    va_end(args);
    w->n += n > 0 ? (size_t)n : 0;
}

static void add_option(writer *w, const char *name, const char *value)
{
    add(w, " --%s ", name);
    if (w->n < w->capacity) w->n += words_quote(value, w->text + w->n, w->capacity - w->n);
}

/* The database knows a file by its name only: the session may know where it is. */
static const char *text_of(const app_context *app, const store_run *run)
{
    const char *set = settings_get(app->session, "text");
    return set && strcmp(app_text_name(set), run->text.name) == 0 ? set : run->text.name;
}

bool rerun_line(const app_context *app, const store_run *run, char *line, size_t capacity, fault *f)
{
    writer w = { line, 0, capacity };
    add(&w, "run ");
    if (w.n < capacity) w.n += words_quote(run->config.canonical, line + w.n, capacity - w.n);
    add_option(&w, "model", run->model.path);
    add_option(&w, "text", text_of(app, run));
    add_option(&w, "protocol", run->protocol);
    add(&w, " --ctx %" PRId64, run->ctx);
    if (run->eval > 0) add(&w, " --eval %" PRId64, run->eval);
    add(&w, " --passages %" PRId64 " --seed %" PRId64, run->passages, run->seed);
    return w.n < capacity || fault_set(f, FAULT_INTERNAL, "run %" PRId64 ": its line is too long", run->id);
}
