#include "app/speed_show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/number.h"
#include "app/table.h"

enum { SHOWN = 32, FIGURES = 7 };

/* ---- for a person ---- */

static bool add_side(table *t, const speed_report *r, size_t i, speed_side side, size_t from, size_t end, fault *f)
{
    const double mib = 1048576;
    const speed_result *x = &r->result[i];
    const speed_quality *q = &x->quality[side];
    const bool own = side == SPEED_CONFIG;
    const struct {
        double value;
        const char *format;
    } figures[] = {
        { own ? x->prompt.config : x->prompt.reference, "%.1f" },
        { own ? x->generation.config : x->generation.reference, "%.1f" },
        { 1000 * (own ? x->first.config : x->first.reference), "%.1f" },
        { x->peak[side] / mib, "%.1f" },
        { (q->cache_bytes + q->side_bytes) / mib, "%.3f" },
        { q->against_exact.kld.value, "%.4g" },
        { q->against_exact.top1.value, "%.2f" },
    };
    _Static_assert(sizeof figures / sizeof *figures == FIGURES, "a name for each");
    char shown[FIGURES][SHOWN];
    table_cell cells[FIGURES + 2] = { table_text(r->names[side]), table_integer(r->depth[i]) };
    for (size_t j = from; j < end; j++) {
        snprintf(shown[j], SHOWN, figures[j].format, figures[j].value);
        cells[j - from + 2] = table_real_as(figures[j].value, shown[j]);
    }
    return table_add(t, cells, f);
}

/* The figures `from` to `end`. */
static bool print_part(const speed_report *r, const terminal *to, int width, size_t from, size_t end, fault *f)
{
    static const char *const names[FIGURES] = { "prompt t/s", "generation t/s", "first ms", "peak MiB", "cache MiB",
                                                "KLD",        "top-1 %" };
    const char *shown[FIGURES + 2] = { "config", "depth" };
    memcpy(shown + 2, names + from, (end - from) * sizeof *names);
    table *t = table_create(end - from + 2, shown, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < r->n; i++)
        ok = add_side(t, r, i, SPEED_REFERENCE, from, end, f) && add_side(t, r, i, SPEED_CONFIG, from, end, f);
    ok = ok && table_write(t, stdout, &(table_style){ TABLE_BOX, to->utf8, width }, f);
    table_free(t);
    return ok;
}

/* Two tables where one would not fit. */
static bool print_table(const speed_report *r, const terminal *to, fault *f)
{
    enum { WIDE = 110, TIMES = 3 };
    const int width = to->is_tty ? terminal_width(to) : 0;
    if (!to->is_tty || width >= WIDE) return print_part(r, to, width, 0, FIGURES, f);
    return print_part(r, to, width, 0, TIMES, f) && print_part(r, to, width, TIMES, FIGURES, f);
}

static void print_ratio(const char *what, const speed_figure *x)
{
    printf("%s %.3fx [%.3f, %.3f]", what, x->ratio.value, x->ratio.lo, x->ratio.hi);
}

static void print_ratios(const speed_report *r, size_t i)
{
    const speed_result *x = &r->result[i];
    printf("depth %-6d ", r->depth[i]);
    print_ratio("prompt", &x->prompt);
    print_ratio(", generation", &x->generation);
    print_ratio(", first token", &x->first);
    putchar('\n');
}

static void print_codecs(const speed_report *r, speed_side side)
{
    const speed_quality *q = &r->result[0].quality[side];
    if (q->encode_gbs > 0)
        printf("%s: codecs encode %.3f GB/s and decode %.3f GB/s of f32 on one thread, set up in %.3f s\n",
               r->names[side], q->encode_gbs, q->decode_gbs, q->setup_s);
}

static void print_said(const speed_report *r, size_t i)
{
    const speed_result *x = &r->result[i];
    printf("depth %-6d generated %d tokens, the first %d alike; their hashes %.12s and %.12s%s\n", r->depth[i],
           r->generate, x->common, x->quality[SPEED_REFERENCE].ids, x->quality[SPEED_CONFIG].ids,
           x->stable ? "" : "; NOT THE SAME IN EVERY REPETITION");
}

bool speed_print(const speed_report *r, const terminal *to, fault *f)
{
    const speed_quality *q = &r->result[0].quality[SPEED_CONFIG];
    printf("%s beside %s, on %s, text %s\n", r->names[SPEED_CONFIG], r->names[SPEED_REFERENCE], r->model, r->text);
    printf("%d tokens read and %d generated %d times each, in turns, on %d threads; medians\n", r->prompt, r->generate,
           r->reps, r->threads);
    if (!print_table(r, to, f)) return false;
    puts("config / reference, ratio of the medians with its 95 % interval:");
    for (size_t i = 0; i < r->n; i++)
        print_ratios(r, i);
    print_codecs(r, SPEED_REFERENCE);
    print_codecs(r, SPEED_CONFIG);
    for (size_t i = 0; i < r->n; i++)
        print_said(r, i);
    printf("KLD and top-1: forced through the same tokens, against the exact cache, %zu positions at each depth\n",
           q->against_exact.n);
    return true;
}

/* ---- JSON ---- */

static void put_interval(cJSON *json, const char *name, interval x)
{
    cJSON *to = cJSON_AddObjectToObject(json, name);
    number_put(to, "value", x.value);
    number_put(to, "lo", x.lo);
    number_put(to, "hi", x.hi);
}

static void put_figure(cJSON *json, const char *name, const speed_figure *x)
{
    cJSON *to = cJSON_AddObjectToObject(json, name);
    number_put(to, "reference", x->reference);
    number_put(to, "config", x->config);
    put_interval(to, "ratio", x->ratio);
}

static cJSON *quality_json(const speed_result *x, speed_side side)
{
    const speed_quality *q = &x->quality[side];
    cJSON *json = cJSON_CreateObject();
    put_interval(json, "kld", q->against_exact.kld);
    put_interval(json, "top1", q->against_exact.top1);
    number_put(json, "scored", (double)q->against_exact.n);
    cJSON_AddStringToObject(json, "generated_hash", q->ids);
    number_put(json, "cache_bytes", q->cache_bytes);
    number_put(json, "side_bytes", q->side_bytes);
    number_put(json, "encode_gbs", q->encode_gbs > 0 ? q->encode_gbs : (double)NAN);
    number_put(json, "decode_gbs", q->decode_gbs > 0 ? q->decode_gbs : (double)NAN);
    number_put(json, "setup_s", q->setup_s);
    number_put(json, "peak_bytes", x->peak[side] > 0 ? x->peak[side] : (double)NAN);
    return json;
}

static cJSON *sample_json(const speed_sample *s)
{
    cJSON *json = cJSON_CreateObject();
    number_put(json, "rep", s->rep);
    cJSON_AddStringToObject(json, "side", s->side == SPEED_CONFIG ? "config" : "reference");
    number_put(json, "prompt_s", s->prompt_s);
    number_put(json, "first_s", s->first_s);
    number_put(json, "generate_s", s->generate_s);
    number_put(json, "peak_bytes", s->peak ? (double)s->peak : (double)NAN);
    return json;
}

static cJSON *depth_json(const speed_report *r, size_t i)
{
    const speed_result *x = &r->result[i];
    cJSON *json = cJSON_CreateObject();
    number_put(json, "depth", r->depth[i]);
    put_figure(json, "prompt_per_s", &x->prompt);
    put_figure(json, "generation_per_s", &x->generation);
    put_figure(json, "first_token_s", &x->first);
    cJSON_AddItemToObject(json, "reference", quality_json(x, SPEED_REFERENCE));
    cJSON_AddItemToObject(json, "config", quality_json(x, SPEED_CONFIG));
    number_put(json, "common_tokens", x->common);
    cJSON_AddBoolToObject(json, "repeatable", x->stable);
    cJSON *samples = cJSON_AddArrayToObject(json, "samples");
    for (size_t j = 0; j < x->n_samples; j++)
        cJSON_AddItemToArray(samples, sample_json(&x->samples[j]));
    return json;
}

cJSON *speed_json(const speed_report *r)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "config", r->names[SPEED_CONFIG]);
    cJSON_AddStringToObject(json, "reference", r->names[SPEED_REFERENCE]);
    cJSON_AddStringToObject(json, "model", r->model);
    cJSON_AddStringToObject(json, "model_hash", r->model_id);
    cJSON_AddStringToObject(json, "text", r->text);
    cJSON_AddStringToObject(json, "text_hash", r->text_id);
    number_put(json, "prompt", r->prompt);
    number_put(json, "generate", r->generate);
    number_put(json, "reps", r->reps);
    number_put(json, "threads", r->threads);
    number_put(json, "seed", (double)r->seed);
    cJSON_AddStringToObject(json, "cpu", m.cpu);
    cJSON_AddStringToObject(json, "simd", m.simd);
    cJSON_AddStringToObject(json, "engine", m.engine);
    cJSON *list = cJSON_AddArrayToObject(json, "depths");
    for (size_t i = 0; i < r->n; i++)
        cJSON_AddItemToArray(list, depth_json(r, i));
    return json;
}
