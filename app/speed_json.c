/* What was measured, as JSON. */
#include <math.h>

#include "app/figures.h"
#include "app/number.h"
#include "app/speed_show.h"

static void put_figure(cJSON *json, const char *name, const speed_figure *x)
{
    cJSON *to = cJSON_AddObjectToObject(json, name);
    number_put(to, "reference", x->reference);
    number_put(to, "config", x->config);
    figures_put_interval(to, "ratio", x->ratio);
}

/* Of a cache as bytes. */
static void put_parts(cJSON *json, const speed_quality *q, const speed_parts *p)
{
    cJSON *to = cJSON_AddObjectToObject(json, "ms_per_token");
    number_put(to, "total", p->total);
    number_put(to, "encode", p->take);
    number_put(to, "scores", p->scores);
    number_put(to, "mix", p->mix);
    number_put(json, "skipped", p->skipped);
    number_put(json, "layers", q->layers);
    number_put(json, "layers_scored_as_bytes", q->fused_keys);
    number_put(json, "layers_mixed_as_bytes", q->fused_values);
}

static cJSON *quality_json(const speed_result *x, speed_side side)
{
    const speed_quality *q = &x->quality[side];
    cJSON *json = cJSON_CreateObject();
    figures_put_interval(json, "kld", q->against_exact.kld);
    figures_put_interval(json, "top1", q->against_exact.top1);
    number_put(json, "scored", (double)q->against_exact.n);
    cJSON_AddStringToObject(json, "generated_hash", q->ids);
    number_put(json, "cache_bytes", q->cache_bytes);
    number_put(json, "side_bytes", q->side_bytes);
    number_put(json, "encode_gbs", q->encode_gbs > 0 ? q->encode_gbs : (double)NAN);
    number_put(json, "decode_gbs", q->decode_gbs > 0 ? q->decode_gbs : (double)NAN);
    number_put(json, "setup_s", q->setup_s);
    number_put(json, "peak_bytes", x->peak[side] > 0 ? x->peak[side] : (double)NAN);
    if (x->parts[side].known) put_parts(json, q, &x->parts[side]);
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
    number_put(json, "filled_with", r->filled[i]);
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
    cJSON_AddStringToObject(json, "cache", r->decoded ? "decoded" : "bytes");
    cJSON *grown = cJSON_AddObjectToObject(json, "growth");
    for (int side = 0; side < SPEED_SIDES; side++) {
        double constant, per_1k;
        if (!speed_report_growth(r, (speed_side)side, &constant, &per_1k)) continue;
        cJSON *of = cJSON_AddObjectToObject(grown, side == SPEED_CONFIG ? "config" : "reference");
        number_put(of, "ms", constant);
        number_put(of, "ms_per_1k", per_1k);
    }
    cJSON *list = cJSON_AddArrayToObject(json, "depths");
    for (size_t i = 0; i < r->n; i++)
        cJSON_AddItemToArray(list, depth_json(r, i));
    return json;
}
