/* kvant roundtrip: rows of a file through a codec, outside any model.
 *
 * The command itself only reads the expression; the codec runs in a child (kvant roundtrip-child) that writes the
 * answer, so that a codec that crashes is a sentence and not the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/child.h"
#include "app/child_words.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/number.h"
#include "app/offline_codec.h"
#include "app/report.h"
#include "app/roundtrip_streams.h"
#include "app/table.h"

/* ---- the front ---- */

int cmd_roundtrip(app_context *app, const command_line *line)
{
    fault f = { 0 };
    child_words words;
    int status = 0;
    catalog *known = lab_catalog(app, line, &f);
    spec *s = known ? spec_parse(known, line_arg(line, 0), &f) : NULL;
    bool ok = s && (!line_has(line, "dim") || spec_check_dim(s, line_arg(line, 0), (int)line_int(line, "dim"), &f));
    child_words_begin(&words, app, "roundtrip-child", line);
    if (ok) {
        child_words_argument(&words, s->text);
        child_words_argument(&words, line_arg(line, 1));
        child_words_plugins(&words, s);
    }
    ok = ok && child_words_end(&words, "roundtrip", &f) &&
         child_run(app, "roundtrip", words.at, line_real(line, "timeout"), &status, &f);
    spec_free(s);
    catalog_free(known);
    return ok ? status : app_report(app, &f);
}

/* ---- the answer ---- */

/* All streams as one; its dim is 0 when they are of several. */
static stream_result sum_of(const roundtrip_streams_result *r)
{
    stream_result sum = { .head = -1, .dim = r->streams[0].dim };
    for (size_t i = 0; i < r->n; i++) {
        const stream_result *s = &r->streams[i];
        if (s->dim != sum.dim) sum.dim = 0;
        sum.rows += s->rows;
        sum.open_rows += s->open_rows;
        offline_add_bytes(&sum.bytes, &s->bytes);
        sum.side_bytes += s->side_bytes;
        sum.error += s->error;
        sum.total += s->total;
        sum.encode += s->encode;
        sum.decode += s->decode;
        if (s->largest > sum.largest) sum.largest = s->largest;
    }
    return sum;
}

/* What is said of a stream, or of all of them, with the names that JSON gives it. */
enum { ROWS, OPEN, BITS, RATIO, SIDE, ERROR, LARGEST, IN_TABLE };
static const struct {
    const char *json, *column,
        *format; /* format: in the table; NULL: a whole number, no column when there are only 0 */
} figure_names[] = {
    [ROWS] = { "rows", "rows", NULL },
    [OPEN] = { "open_rows", "open", NULL },
    [BITS] = { "bits_per_value", "bits/value", "%.4f" },
    [RATIO] = { "ratio", "ratio", "%.4f" },
    [SIDE] = { "side_bytes", "side data", NULL },
    [ERROR] = { "error", "error", "%.4g" },
    [LARGEST] = { "largest_error", "largest", "%.4g" },
    [IN_TABLE] = { "bytes_per_row", NULL, NULL },
    { "bytes", NULL, NULL },
    { "payload_bytes", NULL, NULL },
    { "metadata_bytes", NULL, NULL },
    { "exact_bytes", NULL, NULL },
    { "encode_s", NULL, NULL },
    { "decode_s", NULL, NULL },
};
enum { FIGURES = sizeof figure_names / sizeof *figure_names };

static void figures_of(const stream_result *s, double x[FIGURES])
{
    const double values = (double)s->bytes.values, total = (double)s->bytes.total;
    const double all[FIGURES] = {
        (double)s->rows,
        (double)s->open_rows,
        8 * total / values,
        2 * values / total,
        (double)s->side_bytes,
        s->error == 0 && s->total == 0 ? 0 : s->error / s->total,
        s->largest,
        total / (double)s->rows,
        total,
        (double)s->bytes.payload,
        (double)s->bytes.metadata,
        (double)s->bytes.exact,
        s->encode,
        s->decode,
    };
    memcpy(x, all, sizeof all);
}

static void print_one(const char *codec, const roundtrip_streams_result *r)
{
    const stream_result *s = &r->streams[0];
    const double rows = (double)s->rows;
    double x[FIGURES];
    figures_of(s, x);
    printf("codec       %s\n", codec);
    printf("rows        %zu x %zu", s->rows, s->dim);
    if (s->open_rows && s->sequences == 1)
        printf(", the last %zu make no whole block and stay in f16", s->open_rows);
    else if (s->open_rows)
        printf(", %zu at the ends of %zu sequences stay in f16", s->open_rows, s->sequences);
    if (r->calibrated) printf("; the %zu before them calibrated", r->calibrated);
    printf("\nbytes/row   %.4g: payload %.4g, metadata %.4g, exact %.4g\n", x[IN_TABLE],
           (double)s->bytes.payload / rows, (double)s->bytes.metadata / rows, (double)s->bytes.exact / rows);
    printf("bits/value  %.4f, ratio %.4fx\n", x[BITS], x[RATIO]);
    printf("side data   %zu bytes\n", s->side_bytes);
    printf("error       %.6g (squared, relative), largest %.6g\n", x[ERROR], s->largest);
}

static void name_of(const stream_result *s, char *name, size_t capacity)
{
    if (!s->tensor)
        snprintf(name, capacity, "all");
    else if (s->tensor->heads == 1)
        snprintf(name, capacity, "%s", s->tensor->name);
    else if (s->head < 0)
        snprintf(name, capacity, "%s, all heads", s->tensor->name);
    else
        snprintf(name, capacity, "%s, head %d", s->tensor->name, s->head);
}

/* used: which of the figures have a column. */
static bool add_line(table *t, const stream_result *s, const bool used[IN_TABLE], fault *f)
{
    char name[160], shown[IN_TABLE][32];
    double x[FIGURES];
    table_cell cells[1 + IN_TABLE];
    size_t n = 0;
    name_of(s, name, sizeof name);
    cells[n++] = table_text(name);
    figures_of(s, x);
    for (int i = 0; i < IN_TABLE; i++) {
        const char *format = figure_names[i].format;
        if (format) snprintf(shown[i], sizeof shown[i], format, x[i]);
        if (used[i]) cells[n++] = format ? table_real_as(x[i], shown[i]) : table_integer((int64_t)x[i]);
    }
    return table_add(t, cells, f);
}

static bool print_many(const app_context *app, const char *codec, const roundtrip_streams_result *r,
                       const stream_result *sum, fault *f)
{
    const char *names[1 + IN_TABLE] = { "stream" };
    bool used[IN_TABLE];
    double x[FIGURES];
    size_t n = 1;
    figures_of(sum, x);
    for (int i = 0; i < IN_TABLE; i++) {
        used[i] = figure_names[i].format || x[i] != 0;
        if (used[i]) names[n++] = figure_names[i].column;
    }
    table *t = table_create(n, names, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n; i++)
        ok = add_line(t, &r->streams[i], used, f);
    ok = ok && add_line(t, sum, used, f);
    if (ok) {
        printf("codec       %s\n", codec);
        if (r->calibrated)
            printf("calibrated  on the first %zu rows of each stream, measured on the others\n", r->calibrated);
        const int width = app->out.is_tty ? terminal_width(&app->out) : 0;
        ok = table_write(t, stdout, &(table_style){ TABLE_BOX, app->out.utf8, width }, f);
    }
    table_free(t);
    return ok;
}

/* ---- the answer as JSON ---- */

static void add_figures(cJSON *json, const stream_result *s)
{
    double x[FIGURES];
    figures_of(s, x);
    for (int i = 0; i < FIGURES; i++)
        cJSON_AddItemToObject(json, figure_names[i].json, number_json(x[i]));
    cJSON_AddItemToObject(json, "dim", s->dim ? number_json((double)s->dim) : cJSON_CreateNull());
}

static bool print_json(const char *codec, const roundtrip_streams_result *r, const stream_result *sum, fault *f)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "codec", codec);
    add_figures(json, sum);
    cJSON_AddItemToObject(json, "calibration_rows", number_json((double)r->calibrated));
    cJSON *streams = cJSON_AddArrayToObject(json, "streams");
    for (size_t i = 0; i < r->n; i++) {
        const stream_result *s = &r->streams[i];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "tensor", s->tensor->name);
        cJSON_AddItemToObject(one, "head", s->head < 0 ? cJSON_CreateNull() : number_json(s->head));
        cJSON_AddStringToObject(one, "stream", s->side == ROWS_K ? "k" : "v");
        add_figures(one, s);
        cJSON_AddItemToArray(streams, one);
    }
    return report_json(stdout, json, f);
}

static bool print_answer(const app_context *app, const char *codec, const roundtrip_streams_result *r, bool json,
                         fault *f)
{
    const stream_result sum = sum_of(r);
    if (r->left_out) fprintf(stderr, "kvant: note: %zu tensors left out, which %s does not take\n", r->left_out, codec);
    if (json) return print_json(codec, r, &sum, f);
    if (r->n > 1) return print_many(app, codec, r, &sum, f);
    print_one(codec, r);
    return true;
}

/* ---- the child ---- */

static spec *load_spec(registry *codecs, const command_line *line, fault *f)
{
    for (size_t i = 2; i < line_n_args(line); i++)
        if (!registry_load(codecs, line_arg(line, i), f)) return NULL;
    return spec_parse(registry_catalog(codecs), line_arg(line, 0), f);
}

static bool run_streams(const app_context *app, const command_line *line, const roundtrip_streams_request *request,
                        fault *f)
{
    roundtrip_streams_result result;
    bool ok = roundtrip_streams(request, &result, f) &&
              print_answer(app, request->codec->text, &result, line_has(line, "json"), f);
    roundtrip_streams_release(&result);
    return ok;
}

int cmd_roundtrip_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *stream = line_text(line, "stream");
    child_begin();
    registry *codecs = registry_create(&f);
    spec *s = codecs ? load_spec(codecs, line, &f) : NULL;
    rows_file *file = s ? rows_file_open(line_arg(line, 1), (size_t)line_int(line, "dim"), &f) : NULL;
    const size_t n = line_count(line, "tensor");
    const char **names = calloc(n + 1, sizeof *names);
    bool ok = file && (names || fault_memory(&f, "roundtrip"));
    for (size_t i = 0; ok && i < n; i++)
        names[i] = line_text_at(line, "tensor", i);
    const roundtrip_streams_request request = {
        .known = codecs,
        .codec = s,
        .file = file,
        .names = names,
        .n_names = n,
        .side = !stream          ? ROWS_UNKNOWN
                : *stream == 'k' ? ROWS_K
                                 : ROWS_V,
        .calibrate_rows = line_has(line, "calibrate-rows"),
        .threads = app_threads(line),
        .encoded = line_text(line, "encoded"),
        .decoded = line_text(line, "decoded"),
    };
    ok = ok && run_streams(app, line, &request, &f);
    free(names);
    rows_file_close(file);
    spec_free(s);
    registry_destroy(codecs);
    return child_end(app, ok, CHILD_DONE, &f);
}
