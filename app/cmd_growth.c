/* kvant growth: how cost grows. Codecs run in a child (kvant growth-child) that writes the answer and the picture. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/growth_show.h"
#include "app/lab.h"
#include "app/page/growth_svg.h"
#include "app/page/output.h"
#include "app/progress.h"
#include "base/nearest.h"

enum { MOST_CODECS = 20 };
#define ALL "all"

static const char *const usual[] = { "turbo3", "polar", "q8_0", "rotate(q8_0)", "kivi" };
static const char *const usual_bits[] = { "polar", "kivi", "tqprod" };

typedef struct codecs {
    spec *at[MOST_CODECS];
    size_t n;
} codecs;

static bool is_asked(const char *what, const growth_question *q)
{
    return strcmp(what, ALL) == 0 || strcmp(what, q->name) == 0;
}

static void free_codecs(codecs *c)
{
    for (size_t i = 0; i < c->n; i++)
        spec_free(c->at[i]);
    c->n = 0;
}

/* ---- the front ---- */

/* Always false. */
static bool refuse_what(const char *what, fault *f)
{
    char names[128] = "";
    nearest near = nearest_to(what);
    nearest_try(&near, ALL);
    for (const growth_question *q = growth_questions; q->name; q++) {
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s, ", q->name);
        nearest_try(&near, q->name);
    }
    return fault_set(f, FAULT_USAGE, "growth: \"%s\" is nothing cost is measured by; %s%s are%s%s%s", what, names, ALL,
                     near.word ? "; did you mean \"" : "", near.word ? near.word : "", near.word ? "\"?" : "");
}

static bool check_what(const char *what, size_t n_codecs, double to, fault *f)
{
    const growth_question *q = growth_question_named(what);
    if (strcmp(what, ALL) == 0) return true;
    if (!q) return refuse_what(what, f);
    if (n_codecs && q->part != GROWTH_CODECS)
        return fault_set(f, FAULT_USAGE, "growth: %s is about no codec; rows, dim and bits are", what);
    if (to > q->most) return fault_set(f, FAULT_USAGE, "growth: --to is %.0f; %s goes up to %.0f", to, what, q->most);
    return true;
}

static double largest_asked(const command_line *line)
{
    return line_has(line, "to") ? (double)line_int(line, "to") : 0;
}

static bool wants_codecs(const char *what)
{
    const growth_question *q = growth_question_named(what);
    return !q || q->part == GROWTH_CODECS;
}

static bool wants_model(const char *what)
{
    const growth_question *q = growth_question_named(what);
    return !q || q->model;
}

static bool read_codecs(const command_line *line, const catalog *known, codecs *c, fault *f)
{
    const bool bits = strcmp(line_arg(line, 0), "bits") == 0;
    const char *const *standard = bits ? usual_bits : usual;
    const size_t n_standard = bits ? sizeof usual_bits / sizeof *usual_bits : sizeof usual / sizeof *usual;
    const size_t given = line_n_args(line) - 1, n = given ? given : n_standard;
    if (n > MOST_CODECS) return fault_set(f, FAULT_USAGE, "growth: %zu codecs, at most %d at a time", n, MOST_CODECS);
    for (; c->n < n; c->n++)
        if (!(c->at[c->n] = spec_parse(known, given ? line_arg(line, c->n + 1) : standard[c->n], f))) return false;
    return true;
}

/* Where the child may make a database: the front outlives it, and takes it away. "" when none is needed. */
static bool make_directory(const char *what, char directory[PATH_MAX], fault *f)
{
    const char *temporary = getenv("TMPDIR");
    *directory = '\0';
    if (strcmp(what, ALL) != 0 && strcmp(what, "runs") != 0) return true;
    const int n = snprintf(directory, PATH_MAX, "%s/kvant-growth-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (n < PATH_MAX && mkdtemp(directory)) return true;
    fault_set(f, FAULT_INPUT, "growth: %s: %s", directory, strerror(n < PATH_MAX ? errno : ENAMETOOLONG));
    *directory = '\0';
    return false;
}

static void remove_directory(const char *directory)
{
    if (!*directory) return;
    growth_runs_clean(directory);
    rmdir(directory);
}

static bool start(app_context *app, const command_line *line, const codecs *c, const char *model, int *status, fault *f)
{
    child_words words;
    char directory[PATH_MAX];
    if (!make_directory(line_arg(line, 0), directory, f)) return false;
    child_words_begin(&words, app, "growth-child", line);
    child_words_argument(&words, line_arg(line, 0));
    child_words_argument(&words, model);
    child_words_argument(&words, directory);
    for (size_t i = 0; i < c->n; i++)
        child_words_argument(&words, c->at[i]->text);
    child_words_argument(&words, ""); /* codecs end here, plugins follow */
    for (size_t i = 0; i < c->n; i++)
        child_words_plugins(&words, c->at[i]);
    const bool ok = child_words_end(&words, "growth", f) &&
                    child_run(app, "growth", words.at, line_real(line, "timeout"), status, f);
    remove_directory(directory);
    return ok;
}

/* Whether the picture may be written, asked before the work: a file beside it is made and taken away. A device or a
 * pipe is left alone. */
static bool can_write(const char *svg, bool force, fault *f)
{
    output o;
    struct stat there;
    if (!svg || (stat(svg, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))) return true;
    if (!output_begin(&o, svg, force, f)) return false;
    output_end(&o, false, NULL);
    return true;
}

int cmd_growth(app_context *app, const command_line *line)
{
    fault f = { 0 };
    codecs c = { 0 };
    int status = 0;
    catalog *known = NULL;
    const char *what = line_arg(line, 0), *svg = line_text(line, "svg"), *model = "";
    bool ok =
        check_what(what, line_n_args(line) - 1, largest_asked(line), &f) && can_write(svg, line_has(line, "force"), &f);
    if (ok && wants_codecs(what)) ok = (known = lab_catalog(app, line, &f)) && read_codecs(line, known, &c, &f);
    if (ok && wants_model(what)) ok = (model = app_model(app, line, &f)) != NULL;
    ok = ok && start(app, line, &c, model, &status, &f);
    free_codecs(&c);
    catalog_free(known);
    return ok ? status : app_report(app, &f);
}

/* ---- the child ---- */

enum { WHAT, MODEL, DIRECTORY, CODECS }; /* its arguments */

typedef struct work {
    app_context *app;
    const command_line *line;
    registry *known;
    codecs codecs;
    growth_request request;
    growth out;
    progress bar;
    uint64_t steps;
    char what[GROWTH_NAME]; /* is at work */
} work;

static bool at(void *self, const char *what)
{
    work *w = self;
    if (what) snprintf(w->what, sizeof w->what, "%s", what);
    w->steps += what != NULL;
    progress_at(&w->bar, w->steps, w->what); /* the same once more is a sign of life */
    return !app_cancelled(w->app);
}

static bool load(work *w, fault *f)
{
    const command_line *line = w->line;
    size_t end = CODECS;
    while (end < line_n_args(line) && *line_arg(line, end))
        end++;
    for (size_t i = end + 1; i < line_n_args(line); i++)
        if (!registry_load(w->known, line_arg(line, i), f)) return false;
    for (size_t i = CODECS; i < end && w->codecs.n < MOST_CODECS; i++, w->codecs.n++)
        if (!(w->codecs.at[w->codecs.n] = spec_parse(registry_catalog(w->known), line_arg(line, i), f))) return false;
    return true;
}

/* Where everything is asked, what has no bits is left out. */
static codecs those_with_bits(const codecs *all)
{
    codecs c = { 0 };
    for (size_t i = 0; i < all->n; i++)
        if (catalog_param_of(all->at[i]->codec, "bits")) c.at[c.n++] = all->at[i];
    return c;
}

static bool measure(work *w, fault *f)
{
    const char *what = line_arg(w->line, WHAT);
    const bool all = strcmp(what, ALL) == 0;
    for (const growth_question *q = growth_questions; q->name; q++) {
        growth_request r = w->request;
        const codecs c = all && strcmp(q->name, "bits") == 0 ? those_with_bits(&w->codecs) : w->codecs;
        if (!is_asked(what, q)) continue;
        r.codecs = c.at;
        r.n_codecs = c.n;
        if (!q->measure(&r, &w->out, f)) return false;
    }
    for (size_t i = 0; i < w->out.n; i++)
        growth_fit(&w->out.series[i]);
    return true;
}

static bool write_svg(const work *w, fault *f)
{
    const char *path = line_text(w->line, "svg");
    output o;
    if (!path) return true;
    if (!output_begin(&o, path, line_has(w->line, "force"), f)) return false;
    growth_svg_write(o.file, &w->out);
    return output_end(&o, true, f);
}

static bool answer(const work *w, fault *f)
{
    if (w->out.n == 0) return fault_set(f, FAULT_INPUT, "growth: none of these codecs has bits to grow");
    const bool plots = !line_has(w->line, "no-plot");
    if (!write_svg(w, f)) return false;
    return line_has(w->line, "json") ? growth_print_json(&w->out, w->request.reps, f)
                                     : growth_print(&w->out, w->request.reps, plots, &w->app->out, f);
}

int cmd_growth_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    work w = { .app = app, .line = line };
    child_begin();
    w.request = (growth_request){ .model = line_arg(line, MODEL),
                                  .directory = line_arg(line, DIRECTORY),
                                  .to = largest_asked(line),
                                  .reps = (int)line_int(line, "reps"),
                                  .seed = (uint64_t)line_int(line, "seed"),
                                  .at = at,
                                  .self = &w };
    progress_start(&w.bar, stderr, &app->err, "growth", 0, "sizes");
    bool ok = (w.request.known = w.known = registry_create(&f)) && load(&w, &f) && measure(&w, &f);
    progress_end(&w.bar);
    ok = ok && answer(&w, &f);
    const bool worse = line_has(line, "check") && growth_n_worse(&w.out) > 0;
    growth_release(&w.out);
    free_codecs(&w.codecs);
    registry_destroy(w.known);
    return child_end(app, ok, worse ? CHILD_NO : CHILD_DONE, &f);
}
