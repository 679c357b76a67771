#include "app/run_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_machine(store_environment *e, const machine *m, char id[HASH_HEX])
{
    const char *parts[] = { m->version, m->engine, m->cpu, m->simd, m->compiler, m->os };
    hash h;
    hash_start(&h);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hash_string(&h, parts[i]);
    hash_finish(&h, id);
    *e = (store_environment){ id, m->version, m->engine, m->cpu, m->simd, m->compiler, m->os };
}

static store_estimate estimate(interval i)
{
    return (store_estimate){ i.value, i.lo, i.hi };
}

/* What was run; the strings stay where they are. */
static void fill_identity(store_run *row, const char *text_name, const job *j, const config *c, const job_result *r)
{
    row->model = (store_model){ r->model_id,
                                r->model_name,
                                j->model,
                                r->model_arch,
                                r->model_type,
                                r->n_layers,
                                r->n_heads,
                                r->n_kv_heads,
                                r->head_dim,
                                (int64_t)r->model_params,
                                (int64_t)r->model_bytes };
    const suite *tasks = suite_named(j->suite);
    bool self = strcmp(j->text, "self") == 0 && (!tasks || suite_uses_text(tasks));
    row->text = (store_text){ r->text_id, text_name, self ? "self" : "file", self ? (int64_t)j->seed : 0,
                              (int64_t)r->text_tokens };
    row->config = (store_config){ c->id, c->text, c->base[KVANT_K]->text, c->base[KVANT_V]->text };
    row->calibration = (store_calibration){ r->calibration.id, r->calibration.text, r->calibration.text_id,
                                            (int64_t)r->calibration.tokens };
    row->protocol = protocol_name(j->protocol);
    row->ctx = r->ctx;
    row->suite = j->suite;
    row->suite_options = j->suite_options;
    row->eval = j->protocol == PROTOCOL_SNAPSHOT ? j->eval : 0;
    row->passages = r->passages;
    row->threads = j->threads;
    row->seed = (int64_t)j->seed;
}

/* note: the verdict's, and what else is to be said of the run. */
static void fill_metrics(store_run *row, const job_result *r, const char *note)
{
    const run_metrics *m = &r->metrics;
    row->n_values = (int64_t)r->bytes.values;
    row->bytes = (int64_t)r->bytes.total;
    row->payload_bytes = (int64_t)r->bytes.payload;
    row->metadata_bytes = (int64_t)r->bytes.metadata;
    row->exact_bytes = (int64_t)r->bytes.exact;
    row->side_bytes = (int64_t)r->side_bytes;
    row->ratio = r->ratio;
    row->bits_per_value = r->bits_per_value;
    row->ratio_ctx = r->ratio_ctx;
    row->ratio_128k = r->ratio_128k;
    row->kld = estimate(m->kld);
    row->kld_median = m->kld_median;
    row->kld_p99 = m->kld_p99;
    row->kld_p999 = m->kld_p999;
    row->kld_max = m->kld_max;
    row->ppl = m->ppl;
    row->ppl_ref = m->ppl_ref;
    row->dppl = estimate(m->dppl);
    row->top1 = estimate(m->top1);
    row->rms_dp = estimate(m->rms_dp);
    row->score = r->score;
    row->score_ref = r->score_ref;
    row->verdict = r->verdict.text;
    row->verdict_note = note;
    row->encode_gbs = r->encode_gbs;
    row->decode_gbs = r->decode_gbs;
    row->ms_per_token = r->ms_per_token_layer;
    row->peak_rss_bytes = (int64_t)r->peak_rss;
}

static void fill_layers(store_layer *to, const job_result *r)
{
    for (size_t i = 0; i < r->n_layer_results; i++) {
        const layer_result *l = &r->layers[i];
        to[i] = (store_layer){ l->layer,
                               l->stream == KVANT_K ? "k" : "v",
                               l->codec,
                               l->error,
                               l->query_error,
                               (int64_t)l->bytes.values,
                               (int64_t)l->bytes.total };
    }
}

static void fill_items(store_item *to, const job_result *r)
{
    for (size_t i = 0; i < r->n_items; i++) {
        const suite_item *item = &r->items[i];
        to[i] = (store_item){ .item = (int64_t)i,
                              .label = item->label,
                              .x = item->x,
                              .y = item->y,
                              .n = (int64_t)item->n,
                              .score_ref = item->score_ref,
                              .score = item->score,
                              .second = item->second,
                              .kld = item->kld,
                              .agreement = item->agreement,
                              .note = item->note,
                              .said_ref = item->said_ref,
                              .said = item->said };
    }
}

static bool add_done(store *s, const store_run *row, const job_result *r, int64_t *id, fault *f)
{
    store_layer *sides = calloc(r->n_layer_results + 1, sizeof *sides);
    store_block *blocks = calloc(r->n_blocks + 1, sizeof *blocks);
    store_item *items = calloc(r->n_items + 1, sizeof *items);
    bool ok = (sides && blocks && items) || fault_memory(f, "the run's row");
    if (ok) {
        fill_layers(sides, r);
        fill_items(items, r);
    }
    for (size_t i = 0; ok && i < r->n_blocks; i++) {
        const block_metrics *b = &r->blocks[i];
        blocks[i] = (store_block){ b->passage, b->block, b->n, b->nll_ref, b->nll, b->kld, b->dp2, b->same_top };
    }
    const store_parts parts = { sides, r->n_layer_results, blocks, r->n_blocks, items, r->n_items };
    ok = ok && store_add_run(s, row, &parts, id, f);
    free(sides);
    free(blocks);
    free(items);
    return ok;
}

bool run_row_store(lab *l, const job *j, const config *c, const job_result *r, const run_end *end, int64_t *id,
                   fault *f)
{
    char environment[HASH_HEX], text_name[PATH_MAX];
    char note[sizeof r->verdict.note + sizeof r->warning + 2];
    store_run row = store_run_blank();
    suite_text_name(j->suite, app_text_name(l->text_name), text_name, sizeof text_name);
    fill_identity(&row, text_name, j, c, r);
    fill_machine(&row.environment, &r->machine, environment);
    row.started = (int64_t)end->started;
    row.finished = (int64_t)end->finished;
    row.status = end->done ? "done" : "failed";
    if (end->done) {
        row.wall_s = r->seconds;
        snprintf(note, sizeof note, "%s%s%s", r->verdict.note, r->verdict.note[0] && r->warning[0] ? "; " : "",
                 r->warning);
        fill_metrics(&row, r, note);
        return add_done(l->database, &row, r, id, f);
    }
    row.wall_s = (double)(row.finished - row.started);
    row.reason = end->reason;
    row.phase = end->phase;
    return store_add_run(l->database, &row, NULL, id, f);
}
