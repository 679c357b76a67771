/* kvant report: the runs of a set, written for others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/columns.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/page/formats.h"
#include "app/page/output.h"
#include "app/page/svg.h"
#include "app/selection.h"
#include "app/table_query.h"

typedef enum format { FORMAT_MD, FORMAT_CSV, FORMAT_JSON, FORMAT_SVG, FORMAT_HTML, FORMATS } format;

static const char *const format_words[FORMATS] = { "md", "csv", "json", "svg", "html" };

static const struct {
    const char *suffix;
    format format;
} suffixes[] = { { ".md", FORMAT_MD },   { ".markdown", FORMAT_MD }, { ".csv", FORMAT_CSV }, { ".json", FORMAT_JSON },
                 { ".svg", FORMAT_SVG }, { ".html", FORMAT_HTML },   { ".htm", FORMAT_HTML } };

/* What a line asks for. */
typedef struct wish {
    format format;
    const char *file; /* NULL: stdout */
    bool force;
    page_request request;
    char model[PATH_MAX];
} wish;

/* ---- reading the line ---- */

static bool read_format(const command_line *line, wish *w, fault *f)
{
    const char *word = line_text(line, "format"), *dot = w->file ? strrchr(w->file, '.') : NULL;
    if (line_has(line, "json")) word = "json";
    for (int i = 0; word && i < FORMATS; i++)
        if (strcmp(word, format_words[i]) == 0) {
            w->format = (format)i;
            return true;
        }
    for (size_t i = 0; dot && i < sizeof suffixes / sizeof *suffixes; i++)
        if (strcasecmp(dot, suffixes[i].suffix) == 0) {
            w->format = suffixes[i].format;
            return true;
        }
    w->format = FORMAT_MD;
    return !w->file || fault_set(f, FAULT_USAGE,
                                 "report: the name %s does not say what to write; it ends in .md, .csv, .json, .svg or "
                                 ".html, or --format says",
                                 w->file);
}

static bool read_line(const command_line *line, wish *w, fault *f)
{
    *w = (wish){ .force = line_has(line, "force") };
    if (line_has(line, "output") && strcmp(line_text(line, "output"), "-") != 0) w->file = line_text(line, "output");
    const store_metric *x = selection_metric(line, "x", f), *y = x ? selection_metric(line, "y", f) : NULL;
    if (!y || !read_format(line, w, f)) return false;
    page_request *r = &w->request;
    gather_axes(&r->axes, x, y, w->format == FORMAT_HTML);
    r->all_sets = line_has(line, "all-sets");
    r->where = line_text(line, "where");
    r->title = line_text(line, "title");
    r->set = selection_read(line, w->model);
    if (w->format == FORMAT_SVG && r->all_sets)
        return fault_set(f, FAULT_USAGE, "report: a picture shows one set of runs; leave --all-sets off");
    return true;
}

/* ---- writing ---- */

/* Text that grows; to is NULL without memory. */
typedef struct draft {
    char *bytes;
    size_t n;
    FILE *to;
} draft;

static bool draft_open(draft *d, fault *f)
{
    d->to = open_memstream(&d->bytes, &d->n);
    return d->to || fault_memory(f, "the report");
}

/* False, with nothing to free, when it is not whole. */
static bool draft_close(draft *d, bool ok, fault *f)
{
    if (ok && ferror(d->to)) ok = fault_memory(f, "the report");
    if (fclose(d->to) != 0 && ok) ok = fault_memory(f, "the report");
    if (!ok) {
        free(d->bytes);
        d->bytes = NULL;
    }
    return ok;
}

static bool put_out(const wish *w, const draft *d, fault *f)
{
    if (w->file) return output_write(w->file, d->bytes, d->n, w->force, f);
    fwrite(d->bytes, 1, d->n, stdout); /* app_flush finds what goes wrong */
    return true;
}

static bool write_svg(FILE *to, const page_report *r, size_t set, fault *f)
{
    char *title = r->request.title && *r->request.title ? strdup(r->request.title) : gather_set_name(&r->sets[set]);
    bool ok = title ? svg_write_file(to, r, &r->sets[set], title, f) : fault_memory(f, "the picture");
    free(title);
    return ok;
}

/* All columns of all runs, as `kvant sql --mode csv` writes them. */
static bool write_csv(FILE *to, store *s, const page_report *r, fault *f)
{
    char *where = gather_where(&r->request, r->request.all_sets ? NULL : &r->sets[0].runs[0].run), *sql = NULL;
    size_t n = 0;
    FILE *text = where ? open_memstream(&sql, &n) : NULL;
    if (text) fprintf(text, "SELECT * FROM v_runs WHERE %s ORDER BY id DESC", where);
    bool ok = (text && fclose(text) == 0) || fault_memory(f, "the question");
    table *t = ok ? table_query(s, sql, f) : NULL;
    ok = t && table_write(t, to, &(table_style){ .mode = TABLE_CSV }, f);
    table_free(t);
    free(where);
    free(sql);
    return ok;
}

/* ---- Markdown and the pictures beside it ---- */

typedef struct pictures {
    char **names; /* of files, one for each set */
    size_t n;
} pictures;

static void free_pictures(pictures *p)
{
    for (size_t i = 0; p->names && i < p->n; i++)
        free(p->names[i]);
    free(p->names);
}

/* report.md has report.svg beside it, of further sets report-2.svg ... */
static bool name_pictures(const char *file, size_t n, pictures *p, fault *f)
{
    const char *slash = strrchr(file, '/'), *dot = strrchr(file, '.');
    int stem = dot && (!slash || dot > slash + 1) && dot != file ? (int)(dot - file) : (int)strlen(file);
    *p = (pictures){ calloc(n, sizeof *p->names), n };
    for (size_t i = 0; p->names && i < n; i++) {
        size_t room = (size_t)stem + 32;
        p->names[i] = malloc(room);
        if (!p->names[i]) break;
        if (i == 0)
            snprintf(p->names[i], room, "%.*s.svg", stem, file);
        else
            snprintf(p->names[i], room, "%.*s-%zu.svg", stem, file, i + 1);
    }
    return (p->names && p->names[n - 1]) || fault_memory(f, "the pictures");
}

static bool write_pictures(const wish *w, const page_report *r, const pictures *p, fault *f)
{
    for (size_t i = 0; i < p->n; i++)
        if (!output_allowed(p->names[i], w->force, f)) return false;
    for (size_t i = 0; i < p->n; i++) {
        draft d = { 0 };
        if (!draft_open(&d, f) || !draft_close(&d, write_svg(d.to, r, i, f), f)) return false;
        bool ok = output_write(p->names[i], d.bytes, d.n, w->force, f);
        free(d.bytes);
        if (!ok) return false;
    }
    return true;
}

/* What a link in the file says: the names without the directory they share with it. */
static bool write_markdown(FILE *to, const wish *w, const page_report *r, fault *f)
{
    if (!w->file) return markdown_write(to, r, NULL, f);
    pictures p;
    bool ok = name_pictures(w->file, r->n_sets, &p, f) && write_pictures(w, r, &p, f);
    const char **links = ok ? calloc(p.n, sizeof *links) : NULL;
    if (ok && !links) ok = fault_memory(f, "the pictures");
    for (size_t i = 0; ok && i < p.n; i++) {
        const char *slash = strrchr(p.names[i], '/');
        links[i] = slash ? slash + 1 : p.names[i];
    }
    ok = ok && markdown_write(to, r, links, f);
    free(links);
    free_pictures(&p);
    return ok;
}

static bool write_report(FILE *to, store *s, const wish *w, const page_report *r, fault *f)
{
    switch (w->format) {
    case FORMAT_MD: return write_markdown(to, w, r, f);
    case FORMAT_CSV: return write_csv(to, s, r, f);
    case FORMAT_JSON: return json_write(to, r, f);
    case FORMAT_SVG: return write_svg(to, r, 0, f);
    default: return html_write(to, r, f);
    }
}

static bool stop(void *arg)
{
    return app_cancelled(arg);
}

static bool report(app_context *app, lab *l, const wish *w, fault *f)
{
    catalog *known = lab_catalog(app, l->line, NULL); /* for the families alone: a report is written without as well */
    page_report *r = gather(l->database, &w->request, known, f);
    catalog_free(known);
    if (!r) return false;
    draft d = { 0 };
    columns c; /* for a point as the decimal point */
    columns_enter(&c, true);
    bool ok = draft_open(&d, f) && draft_close(&d, write_report(d.to, l->database, w, r, f), f);
    columns_leave(&c);
    ok = ok && put_out(w, &d, f);
    free(d.bytes);
    gather_free(r);
    return ok;
}

int cmd_report(app_context *app, const command_line *line)
{
    fault f = { 0 };
    lab l;
    wish w;
    if (!read_line(line, &w, &f) || (w.file && !output_allowed(w.file, w.force, &f)) ||
        !lab_open(&l, app, line, LAB_READS, &f))
        return app_report(app, &f);
    store_stop_when(l.database, stop, app);
    bool ok = report(app, &l, &w, &f);
    lab_close(&l);
    return ok ? FAULT_NONE : app_report(app, &f);
}
