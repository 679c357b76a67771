/* kvant roundtrip: a file of rows through a codec, outside any model.
 *
 * The command itself only reads the expression; the codec runs in a child (kvant roundtrip-child) that writes the
 * answer, so that a codec that crashes is a sentence and not the end.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/child.h"
#include "app/commands.h"
#include "app/job.h"
#include "app/lab.h"
#include "app/report.h"
#include "app/roundtrip.h"
#include "app/stream_error.h"
#include "base/file.h"
#include "kernels/half.h"

/* ---- the front ---- */

enum { MOST_WORDS = 32 };

/* Each plugin once; words[first … *n-1] are there already. */
static bool add_plugin(char **words, int first, int *n, char *path, fault *f)
{
    for (int i = first; i < *n; i++)
        if (strcmp(words[i], path) == 0) return true;
    if (*n == MOST_WORDS - 1)
        return fault_set(f, FAULT_INPUT, "roundtrip: the codec needs more than %d plugins", *n - first);
    words[(*n)++] = path;
    return true;
}

int cmd_roundtrip(app_context *app, const command_line *line)
{
    static const char *const passed[] = { "dim", "encoded", "decoded" };
    fault f = { 0 };
    catalog *known = lab_catalog(app, line, &f);
    spec *s = known ? spec_parse(known, line_arg(line, 0), &f) : NULL;
    bool ok = s != NULL;
    if (ok && !line_has(line, "dim"))
        ok = fault_set(&f, FAULT_USAGE, "roundtrip: --dim D says how many columns a row has");
    ok = ok && spec_check_dim(s, line_arg(line, 0), (int)line_int(line, "dim"), &f);
    char *words[MOST_WORDS];
    int n = 0, status = 0;
    words[n++] = app->places.executable;
    words[n++] = "roundtrip-child";
    if (ok) words[n++] = s->text;
    words[n++] = (char *)line_arg(line, 1);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (line_has(line, passed[i])) {
            words[n++] = i == 0 ? "--dim" : i == 1 ? "--encoded" : "--decoded";
            words[n++] = (char *)line_text(line, passed[i]);
        }
    if (line_has(line, "json")) words[n++] = "--json";
    words[n++] = "--";
    int first_plugin = n;
    for (const spec *at = s; ok && at; at = at->inner)
        ok = add_plugin(words, first_plugin, &n, at->codec->path, &f);
    words[n] = NULL;
    ok = ok && child_run(app, "roundtrip", words, line_real(line, "timeout"), &status, &f);
    spec_free(s);
    catalog_free(known);
    return ok ? status : app_report(app, &f);
}

/* ---- the child ---- */

typedef struct rows {
    float *exact, *decoded;
    size_t n;
    int dim;
} rows;

static bool read_rows(const char *path, int dim, rows *r, fault *f)
{
    size_t used, row = (size_t)dim * sizeof(float);
    char *bytes;
    if (!file_read(path, &bytes, &used, f)) return false;
    *r = (rows){ .exact = (float *)bytes, .n = used / row, .dim = dim };
    if (used == 0 || used % row)
        return fault_set(f, FAULT_INPUT, "%s: %zu bytes are not whole rows of %d f32 (%zu bytes each)", path, used, dim,
                         row);
    return (r->decoded = malloc(used)) || fault_memory(f, path);
}

typedef struct answer {
    const char *codec;
    size_t rows, open_rows, side;
    roundtrip_bytes bytes; /* open rows included, in exact and total */
    stream_error error;
    double worst, encode, decode; /* largest |x - x'|; seconds */
} answer;

/* Whole blocks through the codec; what is left over stays in f16, as it would in a cache. */
static bool put_through(roundtrip *t, rows *r, answer *a, const char *encoded_path, fault *f)
{
    size_t block = instance_block(roundtrip_encoder(t)), dim = (size_t)r->dim, n_bytes = 0;
    size_t whole = r->n / block * block;
    const uint8_t *bytes = NULL;
    if (whole > 0) {
        if (!roundtrip_rows(t, 0, r->exact, whole, r->decoded, &a->bytes, f)) return false;
        bytes = roundtrip_encoding(t, &n_bytes);
    }
    for (size_t i = whole * dim; i < r->n * dim; i++)
        r->decoded[i] = half_to_float(half_from_float(r->exact[i]));
    a->rows = r->n;
    a->open_rows = r->n - whole;
    a->bytes.exact += 2 * a->open_rows * dim;
    a->bytes.total += 2 * a->open_rows * dim;
    a->side = roundtrip_side_bytes(t);
    roundtrip_seconds(t, &a->encode, &a->decode);
    stream_error_add(&a->error, r->exact, r->decoded, r->n * dim);
    for (size_t i = 0; i < r->n * dim; i++)
        a->worst = fmax(a->worst, fabs((double)r->exact[i] - (double)r->decoded[i]));
    return !encoded_path || file_write(encoded_path, bytes, n_bytes, f);
}

static void print_answer(const answer *a, const rows *r)
{
    double values = (double)r->n * r->dim, total = (double)a->bytes.total;
    printf("codec       %s\n", a->codec);
    printf("rows        %zu x %d", r->n, r->dim);
    if (a->open_rows) printf(", the last %zu make no whole block and stay in f16", a->open_rows);
    printf("\nbytes/row   %.4g: payload %.4g, metadata %.4g, exact %.4g\n", total / (double)r->n,
           (double)a->bytes.payload / (double)r->n, (double)a->bytes.metadata / (double)r->n,
           (double)a->bytes.exact / (double)r->n);
    printf("bits/value  %.4f, ratio %.4fx\n", 8 * total / values, 2 * values / total);
    printf("side data   %zu bytes\n", a->side);
    printf("error       %.6g (squared, relative), largest %.6g\n", stream_error_rows(&a->error), a->worst);
}

static bool print_json(const answer *a, const rows *r, fault *f)
{
    double values = (double)r->n * r->dim, total = (double)a->bytes.total;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "codec", a->codec);
    const struct {
        const char *name;
        double x;
    } numbers[] = {
        { "rows", (double)r->n },
        { "dim", r->dim },
        { "open_rows", (double)a->open_rows },
        { "bytes", total },
        { "payload_bytes", (double)a->bytes.payload },
        { "metadata_bytes", (double)a->bytes.metadata },
        { "exact_bytes", (double)a->bytes.exact },
        { "side_bytes", (double)a->side },
        { "bytes_per_row", total / (double)r->n },
        { "bits_per_value", 8 * total / values },
        { "ratio", 2 * values / total },
        { "error", stream_error_rows(&a->error) },
        { "largest_error", a->worst },
        { "encode_s", a->encode },
        { "decode_s", a->decode },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cJSON_AddNumberToObject(json, numbers[i].name, numbers[i].x);
    return report_json(stdout, json, f);
}

int cmd_roundtrip_child(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *decoded_path = line_text(line, "decoded");
    rows r = { 0 };
    answer a = { 0 };
    child_begin();
    registry *codecs = registry_create(&f);
    bool ok = codecs != NULL;
    for (size_t i = 2; ok && i < line_n_args(line); i++)
        ok = registry_load(codecs, line_arg(line, i), &f);
    spec *s = ok ? spec_parse(registry_catalog(codecs), line_arg(line, 0), &f) : NULL;
    kvant_shape shape = { .dim = (int32_t)line_int(line, "dim"), .n_layers = 1, .n_heads = 1 };
    if (s && s->codec->flags & KVANT_V_ONLY) shape.stream = KVANT_V;
    ok = s && read_rows(line_arg(line, 1), shape.dim, &r, &f);
    roundtrip *t = ok ? roundtrip_open(codecs, s, &shape, NULL, &f) : NULL;
    ok = t && put_through(t, &r, &a, line_text(line, "encoded"), &f) &&
         (!decoded_path || file_write(decoded_path, r.decoded, r.n * (size_t)r.dim * sizeof(float), &f));
    if (!roundtrip_close(t, ok ? &f : NULL)) ok = false;
    if (ok) {
        a.codec = s->text;
        if (line_has(line, "json"))
            ok = print_json(&a, &r, &f);
        else
            print_answer(&a, &r);
    }
    free(r.exact);
    free(r.decoded);
    spec_free(s);
    registry_destroy(codecs);
    return ok ? app_flush(app, CHILD_DONE) : app_report(app, &f);
}
