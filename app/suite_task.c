/* One task put to the exact cache and to a config's. */
#include <stdlib.h>
#include <string.h>

#include "app/suite_work.h"
#include "engine/sample.h"

/* What the reference said, and the states that say it: kept on the shelf in this order, head first. */
typedef struct exact_head {
    int32_t n;    /* tokens of the answer */
    int32_t rows; /* scored positions: one more than tokens when an end token ended it */
} exact_head;

typedef struct exact {
    exact_head head;
    const int32_t *next; /* rows: the answer, then the end token */
    const float *states; /* rows x n_embd: of what made the logits of each */
    shelf_entry entry;   /* one of these two owns them */
    void *memory;
} exact;

static void release(exact *x)
{
    shelf_release(&x->entry);
    free(x->memory);
    *x = (exact){ 0 };
}

static size_t width_of(const suite_work *w)
{
    return (size_t)w->model->shape.n_embd;
}

static void key_of(const suite_work *w, const suite_task *task, int most, char key[HASH_HEX])
{
    const int32_t sizes[] = { task->n_prompt, most, w->ctx };
    hash h;
    hash_start(&h);
    hash_string(&h, "task states");
    hash_string(&h, fingerprint_engine());
    hash_string(&h, w->out->model_id);
    hash_bytes(&h, sizes, sizeof sizes);
    hash_bytes(&h, task->prompt, (size_t)task->n_prompt * sizeof *task->prompt);
    hash_finish(&h, key);
}

/* The places of the parts in `bytes`, which hold `n` of them; false when they do not fit, or are no answer of at most
 * `most` tokens. */
static bool point(exact *x, const suite_work *w, int most, const void *bytes, size_t n)
{
    if (n < sizeof x->head) return false;
    memcpy(&x->head, bytes, sizeof x->head);
    const int32_t rows = x->head.rows, n_vocab = w->model->shape.n_vocab;
    const size_t width = width_of(w), one = width * sizeof(float) + sizeof *x->next;
    if (rows < 0 || rows > most || x->head.n < 0 || x->head.n < rows - 1 || x->head.n > rows) return false;
    if ((n - sizeof x->head) % one != 0 || (n - sizeof x->head) / one != (size_t)rows) return false;
    x->states = (const float *)((const char *)bytes + sizeof x->head);
    x->next = (const int32_t *)(x->states + (size_t)rows * width);
    for (int i = 0; i < rows; i++)
        if (x->next[i] < 0 || x->next[i] >= n_vocab) return false;
    return true;
}

/* The answer into next and states, which have room for `most` rows. */
static bool answer_exactly(const suite_work *w, const suite_task *task, int most, exact_head *head, int32_t *next,
                           float *states, fault *f)
{
    const size_t width = width_of(w);
    generation *g = generation_open(w->engine, NULL, w->ctx, f); /* as the config: RoPE can depend on it */
    answer a = { .tokens = next };
    bool ok = g && generation_read(g, task->prompt, task->n_prompt, f);
    for (int rows = 0; ok && rows < most && !a.ended; rows++) {
        memcpy(states + (size_t)rows * width, generation_state(g), width * sizeof *states);
        next[rows] = sample_greedy(generation_logits(g), (size_t)w->model->shape.n_vocab);
        a.room = rows + 1;
        ok = !suite_stopped(w, f) && generation_continue(g, w->tokenizer, NULL, &a, f);
        *head = (exact_head){ a.n, rows + 1 };
    }
    generation_close(g, NULL);
    return ok;
}

static bool compute(suite_work *w, const suite_task *task, int most, const char *key, exact *x, fault *f)
{
    const size_t width = width_of(w), row = width * sizeof(float) + sizeof(int32_t);
    int32_t *next = reallocarray(NULL, (size_t)most + 1, sizeof *next);
    x->memory = reallocarray(NULL, (size_t)most + 1, row);
    exact_head head = { 0 };
    bool ok = (next && x->memory) || fault_memory(f, "the reference's answer");
    float *states = ok ? (float *)((char *)x->memory + sizeof head) : NULL;
    ok = ok && answer_exactly(w, task, most, &head, next, states, f);
    if (ok) {
        memcpy(x->memory, &head, sizeof head);
        memcpy(states + (size_t)head.rows * width, next, (size_t)head.rows * sizeof *next);
        const shelf_part whole = { x->memory, sizeof head + (size_t)head.rows * row };
        ok = point(x, w, most, x->memory, whole.n) && shelf_put(w->kept, "reference", key, &whole, 1, f);
    }
    free(next);
    w->out->reference_kept = false;
    return ok;
}

static bool find_exact(suite_work *w, int item, const suite_task *task, int most, exact *x, fault *f)
{
    char key[HASH_HEX];
    key_of(w, task, most, key);
    suite_stage(w, STAGE_REFERENCE, item);
    if (shelf_get(w->kept, "reference", key, &x->entry) && point(x, w, most, x->entry.bytes, x->entry.n)) return true;
    shelf_release(&x->entry);
    return compute(w, task, most, key, x, f);
}

/* ---- the config ---- */

/* The config's states of the scored positions. */
static bool force(const suite_work *w, const suite_task *task, const exact *x, float *states, fault *f)
{
    const size_t width = width_of(w);
    generation *g = generation_open(w->engine, w->compressor, w->ctx, f);
    bool ok = g && generation_read(g, task->prompt, task->n_prompt, f);
    if (ok) memcpy(states, generation_state(g), width * sizeof *states);
    if (ok && x->head.rows > 1) ok = generation_read_states(g, x->next, x->head.rows - 1, states + width, f);
    return generation_close(g, ok ? f : NULL) && ok;
}

/* The config goes on by itself after `common` tokens that both say. */
static bool go_on(const suite_work *w, const suite_task *task, const exact *x, suite_answers *out, fault *f)
{
    generation *g = generation_open(w->engine, w->compressor, w->ctx, f);
    bool ok = g && generation_read(g, task->prompt, task->n_prompt, f);
    if (ok && out->common > 0) ok = generation_read(g, x->next, out->common, f);
    ok = ok && generation_continue(g, w->tokenizer, NULL, &out->config, f);
    return generation_close(g, ok ? f : NULL) && ok;
}

static bool make_answers(const exact *x, int most, suite_answers *out, fault *f)
{
    const size_t bytes = (size_t)x->head.n * sizeof(int32_t);
    *out = (suite_answers){ .reference.n = x->head.n, .reference.room = most, .config.room = most };
    out->reference.ended = x->head.rows > x->head.n;
    out->reference.tokens = reallocarray(NULL, (size_t)most + 1, sizeof(int32_t));
    out->config.tokens = reallocarray(NULL, (size_t)most + 1, sizeof(int32_t));
    if (!out->reference.tokens || !out->config.tokens) return fault_memory(f, "answers");
    memcpy(out->reference.tokens, x->next, bytes);
    memcpy(out->config.tokens, x->next, bytes);
    return true;
}

/* Positions before the config would have said something else; x->head.rows: it says the same. */
static int agreeing(const exact *x, const int32_t *said)
{
    int i = 0;
    while (i < x->head.rows && said[i] == x->next[i])
        i++;
    return i;
}

static bool put_to_config(suite_work *w, int item_index, suite_item *item, const suite_task *task, const exact *x,
                          suite_answers *out, fault *f)
{
    const size_t rows = (size_t)x->head.rows;
    float *states = reallocarray(NULL, rows + 1, width_of(w) * sizeof *states);
    int32_t *said = reallocarray(NULL, rows + 1, sizeof *said);
    suite_stage(w, STAGE_CODEC, item_index);
    bool ok = (states && said) || fault_memory(f, "the states");
    ok = ok && force(w, task, x, states, f) &&
         suite_score(w, item_index, item, x->states, states, x->next, rows, said, f);
    free(states);
    if (ok) {
        const int same = agreeing(x, said);
        out->common = same < x->head.n ? same : x->head.n;
        out->config.n = out->common;
        out->config.ended = out->reference.ended;
        if (same < x->head.rows) ok = go_on(w, task, x, out, f);
    }
    free(said);
    return ok;
}

bool suite_task_run(suite_work *w, int item_index, suite_item *item, const suite_task *task, suite_answers *out,
                    fault *f)
{
    *out = (suite_answers){ 0 };
    if (task->n_prompt < 1 || task->n_prompt >= w->ctx)
        return fault_set(f, FAULT_USAGE, "a prompt of %d tokens leaves no room for an answer in a context of %d",
                         task->n_prompt, w->ctx);
    const int most = task->most < w->ctx - task->n_prompt ? task->most : w->ctx - task->n_prompt;
    exact x = { 0 };
    bool ok = !suite_stopped(w, f) && find_exact(w, item_index, task, most, &x, f) && make_answers(&x, most, out, f) &&
              put_to_config(w, item_index, item, task, &x, out, f);
    release(&x);
    return ok;
}

void suite_answers_release(suite_answers *a)
{
    free(a->reference.tokens);
    free(a->config.tokens);
    *a = (suite_answers){ 0 };
}
