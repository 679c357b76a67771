/* References kept and computed, states and logits, windows and whole passages: the same to the last bit. */
#include "app/logits_window.h"
#include "engine/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "kvant/codec.h"

#define MODEL "tests/data/arch/llama.gguf"
enum { CTX = 400, EVAL = 150, LENGTH = CTX + EVAL }; /* more than the engine takes at once */

typedef struct place {
    model *model;
    engine *engine;
    int32_t tokens[LENGTH + 1];
    char dir[32];
    shelf kept, none;
} place;

static int open_place(void **state)
{
    fault f = { 0 };
    place *p = calloc(1, sizeof *p);
    *state = p;
    if (!p) return 1;
    p->model = model_open(MODEL, &f);
    p->engine = p->model ? engine_open(p->model, 2, &f) : NULL;
    if (!p->engine) return 1;
    for (int i = 0; i <= LENGTH; i++)
        p->tokens[i] = (i * 37 + 11) % p->model->shape.n_vocab;
    strcpy(p->dir, "/tmp/kvant-reference-XXXXXX");
    return mkdtemp(p->dir) && shelf_open(&p->kept, p->dir, &f) && shelf_open(&p->none, NULL, &f) ? 0 : 1;
}

static int close_place(void **state)
{
    place *p = *state;
    char kind[64];
    shelf_trim(&p->kept, 0, NULL);
    snprintf(kind, sizeof kind, "%s/reference", p->dir);
    rmdir(kind);
    rmdir(p->dir);
    engine_close(p->engine);
    model_close(p->model);
    free(p);
    return 0;
}

static size_t width_of(const place *p)
{
    return (size_t)p->model->shape.n_embd;
}

static size_t vocabulary_of(const place *p)
{
    return (size_t)p->model->shape.n_vocab;
}

static void *room(size_t n, size_t bytes)
{
    void *memory = calloc(n, bytes);
    assert_non_null(memory);
    return memory;
}

/* The states of positions `from` … of all the text, read in steps of `step` tokens. */
static float *states_of(const place *p, int from, int step)
{
    fault f = { 0 };
    float *states = room((size_t)(LENGTH - from), width_of(p) * sizeof *states);
    kv_cache *c = kv_cache_create(&p->model->shape, LENGTH, KV_BEFORE_ROPE, &f);
    assert_non_null(c);
    for (int at = 0; at < LENGTH; at += step) {
        const int n = LENGTH - at < step ? LENGTH - at : step, first = from > at ? from - at : 0;
        const int before = at > from ? at - from : 0;
        sequence s = { .cache = c,
                       .tokens = p->tokens + at,
                       .n = n,
                       .states = first < n ? states + (size_t)before * width_of(p) : NULL,
                       .logits_from = first < n ? first : 0 };
        assert_true(engine_forward(p->engine, &s, 1, &f));
    }
    kv_cache_destroy(c);
    return states;
}

static void states_give_the_logits_however_they_are_cut(void **state)
{
    const place *p = *state;
    enum { FROM = 13, ROWS = LENGTH - FROM };
    fault f = { 0 };
    const size_t vocab = vocabulary_of(p);
    float *logits = room(ROWS, vocab * sizeof *logits), *again = room(ROWS, vocab * sizeof *again);
    float *both = room(ROWS, width_of(p) * sizeof *both);
    kv_cache *c = kv_cache_create(&p->model->shape, LENGTH, KV_BEFORE_ROPE, &f);
    sequence s = {
        .cache = c, .tokens = p->tokens, .n = LENGTH, .logits = logits, .states = both, .logits_from = FROM
    };
    assert_true(c && engine_forward(p->engine, &s, 1, &f));
    kv_cache_destroy(c);
    const int steps[] = { LENGTH, 64, 7 };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        float *states = states_of(p, FROM, steps[i]);
        assert_memory_equal(states, both, ROWS * width_of(p) * sizeof *states);
        memset(again, 0, ROWS * vocab * sizeof *again);
        for (size_t at = 0; at < ROWS; at += (size_t)steps[i]) {
            const size_t n = ROWS - at < (size_t)steps[i] ? ROWS - at : (size_t)steps[i];
            assert_true(engine_logits(p->engine, states + at * width_of(p), n, again + at * vocab, &f));
        }
        assert_memory_equal(again, logits, ROWS * vocab * sizeof *again);
        free(states);
    }
    free(logits), free(again), free(both);
}

/* Everything but what pads the structs. */
static void same_metrics(const metrics *a, const metrics *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_blocks, b->n_blocks);
    for (size_t i = 0; i < a->n; i++)
        assert_memory_equal(&a->positions[i], &b->positions[i], offsetof(position_metrics, same_top) + sizeof(int));
    for (size_t i = 0; i < a->n_blocks; i++) {
        assert_int_equal(a->blocks[i].passage, b->blocks[i].passage);
        assert_int_equal(a->blocks[i].block, b->blocks[i].block);
        assert_int_equal(a->blocks[i].n, b->blocks[i].n);
        assert_memory_equal(&a->blocks[i].nll_ref, &b->blocks[i].nll_ref,
                            offsetof(block_metrics, same_top) + sizeof(int) - offsetof(block_metrics, nll_ref));
    }
}

static void count_codec_stages(void *self, evaluate_stage stage, int passage, int layer)
{
    *(size_t *)self += stage == STAGE_CODEC && passage == 4 && layer == -1;
}

/* Another text's states stand for a config's. */
static void windows_measure_what_a_whole_passage_does(void **state)
{
    place *p = *state;
    enum { ROWS = 149 };
    fault f = { 0 };
    const size_t vocab = vocabulary_of(p);
    float *exact = states_of(p, LENGTH - ROWS, LENGTH), *logits = room(ROWS, vocab * sizeof *logits);
    p->tokens[3] ^= 1;
    float *config = states_of(p, LENGTH - ROWS, LENGTH), *config_logits = room(ROWS, vocab * sizeof *logits);
    p->tokens[3] ^= 1;
    const int32_t *next = p->tokens + LENGTH - ROWS + 1;
    assert_true(engine_logits(p->engine, exact, ROWS, logits, &f));
    assert_true(engine_logits(p->engine, config, ROWS, config_logits, &f));
    metrics whole = { 0 };
    assert_true(metrics_add(&whole, engine_pool(p->engine), 4, logits, config_logits, next, ROWS, vocab, &f));
    assert_true(metrics_kld(&whole) > 0);
    for (int kept_logits = 0; kept_logits < 2; kept_logits++) {
        const reference r = { .n_scored = ROWS,
                              .logits = kept_logits ? logits : NULL,
                              .states = kept_logits ? NULL : exact };
        for (size_t rows = METRICS_BLOCK; rows <= 3 * METRICS_BLOCK; rows += METRICS_BLOCK) {
            metrics parts = { 0 };
            logits_window w;
            logits_window_set(&w, p->engine, 1000);
            assert_in_range(w.rows, ROWS, 1000); /* a small vocabulary: a passage at once */
            int32_t said[ROWS];
            size_t windows = 0;
            w.rows = rows;
            w.said = said;
            const evaluate_watch watch = { .self = &windows, .stage = count_codec_stages };
            w.watch = &watch;
            assert_true(logits_window_compare(&w, &parts, 4, &r, config, next, &f));
            same_metrics(&parts, &whole);
            assert_int_equal(windows, (ROWS + rows - 1) / rows);
            for (size_t i = 0; i < ROWS; i++)
                assert_int_equal(said[i], sample_greedy(config_logits + i * vocab, vocab));
            metrics_release(&parts);
        }
    }
    metrics_release(&whole);
    free(exact), free(config), free(logits), free(config_logits);
}

static void a_row_that_is_not_finite_is_named_by_its_place_in_the_passage(void **state)
{
    const place *p = *state;
    enum { ROWS = 100, BAD = 77 };
    fault f = { 0 };
    float *exact = states_of(p, LENGTH - ROWS, LENGTH), *config = states_of(p, LENGTH - ROWS, LENGTH);
    config[BAD * width_of(p)] = HUGE_VALF;
    const reference r = { .n_scored = ROWS, .states = exact };
    metrics m = { 0 };
    logits_window w;
    logits_window_set(&w, p->engine, ROWS);
    w.rows = METRICS_BLOCK;
    assert_false(logits_window_compare(&w, &m, 2, &r, config, p->tokens, &f));
    assert_non_null(strstr(f.text, "passage 2, scored position 77: the config's"));
    metrics_release(&m);
    free(exact), free(config);
}

static bool made(const place *p, const shelf *kept, reference *out)
{
    fault f = { 0 };
    const reference_request request = { p->engine, kept, "m", PROTOCOL_SNAPSHOT, CTX, EVAL };
    return reference_make(&request, p->tokens, out, &f);
}

static void same_rows(const place *p, const reference *a, const reference *b, int from_layer)
{
    const model_shape *s = &p->model->shape;
    for (int layer = from_layer; layer < s->n_layers; layer++)
        for (int side = KVANT_K; side <= KVANT_V; side++)
            for (int head = 0; head < s->n_kv_heads; head++)
                assert_memory_equal(reference_rows(a, s, CTX, layer, side, head),
                                    reference_rows(b, s, CTX, layer, side, head),
                                    (size_t)CTX * (size_t)s->head_dim * sizeof(float));
}

static void a_kept_reference_is_the_computed_one_layer_by_layer(void **state)
{
    const place *p = *state;
    const model_shape *s = &p->model->shape;
    const size_t queries = (size_t)s->n_layers * REFERENCE_QUERIES * (size_t)s->n_heads * (size_t)s->head_dim;
    reference computed, put, found;
    assert_true(s->n_layers > 1 && made(p, &p->none, &computed) && made(p, &p->kept, &put) &&
                made(p, &p->kept, &found));
    assert_true(!computed.kept && !put.kept && found.kept);
    assert_memory_equal(computed.logits, found.logits, found.n_scored * vocabulary_of(p) * sizeof(float));
    assert_memory_equal(computed.queries, found.queries, queries * sizeof(float));
    same_rows(p, &computed, &found, 0);
    for (int side = KVANT_K; side <= KVANT_V; side++) { /* rows that are not forgotten stay as they are */
        reference_forget(&computed, s, CTX, 0, side, 0);
        reference_forget(&found, s, CTX, 0, side, 0);
    }
    for (int head = 1; head < s->n_kv_heads; head++)
        assert_memory_equal(reference_rows(&computed, s, CTX, 0, KVANT_V, head),
                            reference_rows(&put, s, CTX, 0, KVANT_V, head),
                            (size_t)CTX * (size_t)s->head_dim * sizeof(float));
    same_rows(p, &computed, &put, 1);
    same_rows(p, &found, &put, 0); /* a file's rows are read again */
    assert_memory_equal(put.logits, found.logits, found.n_scored * vocabulary_of(p) * sizeof(float));
    assert_memory_equal(put.queries, found.queries, queries * sizeof(float));
    reference_release(&computed);
    reference_release(&put);
    reference_release(&found);
}

/* ---- files that are not what they were ---- */

static void only_kept_file(const place *p, char path[512])
{
    char dir[64];
    int n = 0;
    snprintf(dir, sizeof dir, "%s/reference", p->dir);
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') {
            snprintf(path, 512, "%s/%s", dir, e->d_name);
            n++;
        }
    closedir(d);
    assert_int_equal(n, 1);
}

static void cut_short(const char *path)
{
    struct stat st;
    assert_true(stat(path, &st) == 0 && truncate(path, st.st_size - 4) == 0);
}

/* A whole entry of another size: head and payload agree. */
static void of_another(const char *path)
{
    char bytes[64 + 8] = "kvant\0\1";
    bytes[8] = 8;
    FILE *f = fopen(path, "w");
    assert_true(f && fwrite(bytes, sizeof bytes, 1, f) == 1 && fclose(f) == 0);
}

static void lying_about_its_size(const char *path)
{
    FILE *f = fopen(path, "r+");
    const unsigned char most[8] = { 255, 255, 255, 255, 255, 255, 255, 127 };
    assert_true(f && fseek(f, 8, SEEK_SET) == 0 && fwrite(most, 8, 1, f) == 1 && fclose(f) == 0);
}

static void empty(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void a_pipe(const char *path)
{
    assert_true(unlink(path) == 0 && mkfifo(path, 0600) == 0);
}

static void a_kept_file_that_is_not_one_is_made_again(void **state)
{
    const place *p = *state;
    void (*const harm[])(const char *path) = { cut_short, of_another, lying_about_its_size, empty, a_pipe };
    char path[512];
    reference first;
    shelf_trim(&p->kept, 0, NULL);
    assert_true(made(p, &p->kept, &first) && !first.kept);
    for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
        reference again, found;
        only_kept_file(p, path);
        harm[i](path);
        assert_true(made(p, &p->kept, &again) && !again.kept);
        assert_true(made(p, &p->kept, &found) && found.kept);
        assert_memory_equal(found.logits, first.logits, first.n_scored * vocabulary_of(p) * sizeof(float));
        same_rows(p, &found, &first, 0);
        reference_release(&again);
        reference_release(&found);
    }
    reference_release(&first);
}

static void a_token_outside_the_vocabulary_is_refused(void **state)
{
    const place *p = *state;
    enum { ROWS = 3 };
    fault f = { 0 };
    float *states = states_of(p, LENGTH - ROWS, LENGTH);
    const reference r = { .n_scored = ROWS, .states = states };
    const int32_t bad[] = { -1, p->model->shape.n_vocab };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        metrics m = { 0 };
        logits_window w;
        logits_window_set(&w, p->engine, ROWS);
        assert_false(logits_window_compare(&w, &m, 2, &r, states, (const int32_t[]){ 1, 2, bad[i] }, &f));
        assert_non_null(strstr(f.text, "passage 2, scored position 2: the next token is"));
        metrics_release(&m);
    }
    free(states);
}

static void a_cache_that_was_forgotten_can_be_filled_again(void **state)
{
    const place *p = *state;
    fault f = { 0 };
    const size_t width = width_of(p);
    float *first = room(LENGTH, width * sizeof *first), *again = room(LENGTH, width * sizeof *again);
    kv_cache *c = kv_cache_create(&p->model->shape, LENGTH, KV_BEFORE_ROPE, &f);
    assert_non_null(c);
    for (int i = 0; i < 2; i++) {
        sequence s = { .cache = c, .tokens = p->tokens, .n = LENGTH, .states = i ? again : first };
        assert_true(engine_forward(p->engine, &s, 1, &f));
        for (int il = 0; il < c->n_layers; il++)
            kv_layer_forget(c, il);
        c->n = 0;
        assert_true(kv_rows(c, &c->layers[c->n_layers - 1].v, 0)[(size_t)LENGTH / 2 * (size_t)c->dim] ==
                    0); /* a page in the middle is gone */
    }
    assert_memory_equal(first, again, LENGTH * width * sizeof *first);
    kv_cache_destroy(c);
    free(first), free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_give_the_logits_however_they_are_cut),
        cmocka_unit_test(windows_measure_what_a_whole_passage_does),
        cmocka_unit_test(a_row_that_is_not_finite_is_named_by_its_place_in_the_passage),
        cmocka_unit_test(a_kept_reference_is_the_computed_one_layer_by_layer),
        cmocka_unit_test(a_kept_file_that_is_not_one_is_made_again),
        cmocka_unit_test(a_token_outside_the_vocabulary_is_refused),
        cmocka_unit_test(a_cache_that_was_forgotten_can_be_filled_again),
    };
    return cmocka_run_group_tests(tests, open_place, close_place);
}
