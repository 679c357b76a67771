/* Tasks put to two caches, and the options of suites. */
#include "app/suite_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/reference.h"
#include "tests/app/generation_place.h"

/* ---- tasks ---- */

static void on_stage(void *self, evaluate_stage stage, int passage, int layer)
{
    (void)self, (void)stage, (void)passage, (void)layer;
}

static bool never(void *self)
{
    (void)self;
    return false;
}

static const evaluate_watch quiet = { .stage = on_stage, .cancelled = never };

typedef struct trial {
    suite_answers answers;
    suite_item item;
    bool kept;
    metrics scores;
} trial;

static trial try_task(const place *p, const char *config_text, const shelf *kept)
{
    fault f = { 0 };
    trial t = { 0 };
    job_result out = { .reference_kept = true };
    opened o = open_config(p, config_text);
    strcpy(out.model_id, "m");
    suite_work w = { .watch = &quiet,
                     .out = &out,
                     .model = p->model,
                     .tokenizer = p->tokenizer,
                     .engine = p->engine,
                     .kept = kept,
                     .ctx = CTX,
                     .compressor = o.compressor,
                     .scores = &t.scores };
    const suite_task task = { p->prompt, PROMPT, SAID };
    if (!suite_task_run(&w, 0, &t.item, &task, &t.answers, &f)) fail_msg("%s", f.text);
    t.kept = out.reference_kept;
    close_config(&o);
    return t;
}

static void release(trial *t)
{
    suite_answers_release(&t->answers);
    metrics_release(&t->scores);
}

static void assert_answers_equal(const answer *a, const answer *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->ended, b->ended);
    assert_memory_equal(a->tokens, b->tokens, (size_t)a->n * sizeof *a->tokens);
}

static void a_task_through_identity_is_exact_and_kept(void **state)
{
    const place *p = the(state);
    char dir[] = "/tmp/kvant-task-XXXXXX";
    fault f = { 0 };
    shelf kept;
    assert_non_null(mkdtemp(dir));
    assert_true(shelf_open(&kept, dir, &f));
    trial first = try_task(p, "identity", &kept), again = try_task(p, "identity", &kept);
    assert_false(first.kept);
    assert_true(again.kept);
    assert_true(first.item.kld == 0 && first.item.agreement == 100 && first.item.n == first.scores.n);
    assert_int_equal(first.scores.n, first.answers.reference.n + first.answers.reference.ended);
    assert_int_equal(first.answers.common, first.answers.reference.n);
    assert_answers_equal(&first.answers.reference, &first.answers.config);
    assert_answers_equal(&first.answers.reference, &again.answers.reference);
    assert_true(again.item.kld == 0);
    int32_t expected[SAID];
    continue_by_hand(p, expected, SAID);
    assert_memory_equal(first.answers.reference.tokens, expected, (size_t)first.answers.reference.n * sizeof *expected);
    release(&first);
    release(&again);
    assert_true(shelf_trim(&kept, 0, &f));
    char path[64];
    snprintf(path, sizeof path, "rm -rf %s", dir);
    assert_int_equal(system(path), 0);
}

/* An answer of `rows` tokens `token`, `n` of them said, in the place of the one that is kept, as whole as it was. */
static void keep_instead(const shelf *kept, int32_t n, int32_t rows, int32_t token, size_t width)
{
    char pattern[PATH_MAX + 24], key[HASH_HEX];
    glob_t found;
    fault f = { 0 };
    snprintf(pattern, sizeof pattern, "%s/reference/*.kvant", kept->dir);
    assert_true(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1);
    snprintf(key, sizeof key, "%.64s", strrchr(found.gl_pathv[0], '/') + 1);
    globfree(&found);
    const size_t states = (size_t)rows * width, bytes = (2 + states + (size_t)rows) * sizeof(int32_t);
    int32_t *made = calloc(bytes, 1);
    assert_non_null(made);
    made[0] = n;
    made[1] = rows;
    for (int32_t i = 0; i < rows; i++)
        made[2 + states + (size_t)i] = token;
    assert_true(shelf_put(kept, "reference", key, &(shelf_part){ made, bytes }, 1, &f));
    free(made);
}

static void an_answer_that_no_one_gave_is_made_again(void **state)
{
    const place *p = the(state);
    const size_t n_vocab = (size_t)p->model->shape.n_vocab;
    const struct {
        int32_t n, rows, token;
    } hostile[] = { { SAID + 4, SAID + 4, 1 }, { -1, 0, 0 }, { 2, 2, -1 }, { 2, 2, (int32_t)n_vocab } };
    char dir[] = "/tmp/kvant-task-XXXXXX", path[64];
    fault f = { 0 };
    shelf kept;
    assert_non_null(mkdtemp(dir));
    assert_true(shelf_open(&kept, dir, &f));
    trial first = try_task(p, "identity", &kept);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        keep_instead(&kept, hostile[i].n, hostile[i].rows, hostile[i].token, (size_t)p->model->shape.n_embd);
        trial again = try_task(p, "identity", &kept);
        assert_false(again.kept);
        assert_answers_equal(&first.answers.reference, &again.answers.reference);
        release(&again);
    }
    release(&first);
    snprintf(path, sizeof path, "rm -rf %s", dir);
    assert_int_equal(system(path), 0);
}

/* The config's answer is put together from being forced and going on; here it is said in one go. */
static void the_configs_answer_is_what_it_says_alone(void **state)
{
    const place *p = the(state);
    const char *const configs[] = { "turbo2", "turbo4", "q4_0", "kivi(bits=2)" };
    int diverged = 0;
    shelf none = { "" };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        fault f = { 0 };
        trial t = try_task(p, configs[i], &none);
        opened o = open_config(p, configs[i]);
        int32_t said[SAID];
        answer alone = { .tokens = said, .room = SAID };
        generation *g = generation_open(p->engine, o.compressor, CTX, &f);
        assert_true(generation_read(g, p->prompt, PROMPT, &f));
        assert_true(generation_continue(g, p->tokenizer, NULL, &alone, &f));
        assert_true(generation_close(g, &f));
        close_config(&o);
        assert_answers_equal(&t.answers.config, &alone);
        int common = 0;
        while (common < alone.n && common < t.answers.reference.n && said[common] == t.answers.reference.tokens[common])
            common++;
        assert_int_equal(t.answers.common, common);
        assert_true(t.item.kld > 0);
        diverged += common < t.answers.reference.n;
        release(&t);
    }
    assert_true(diverged > 0); /* else going on was never tried */
}

static void a_prompt_that_leaves_no_room_is_refused(void **state)
{
    const place *p = the(state);
    fault f = { 0 };
    suite_answers out;
    suite_item item;
    suite_work w = { .watch = &quiet, .ctx = PROMPT };
    assert_false(suite_task_run(&w, 0, &item, &(suite_task){ p->prompt, PROMPT, 1 }, &out, &f));
    assert_int_equal(f.code, FAULT_USAGE);
}

/* ---- RoPE that depends on the room of a sequence ---- */

/* A model whose sequences with room for more than `original` positions are turned by other angles. */
static void bend(place *p, int original)
{
    model_shape *s = &p->model->shape;
    s->scaling.long_factors = true;
    s->scaling.original = original;
    p->model->ropes[model_rope_at(s, 0, original + 1)] = (model_rope){ 50 * s->rope_base, 1, NULL };
}

static void unbend(place *p)
{
    p->model->shape.scaling.long_factors = false;
}

static void both_caches_are_turned_by_the_same_angles(void **state)
{
    place *p = the(state);
    shelf none = { "" };
    bend(p, PROMPT + SAID); /* prompt and answer fit the original context, and CTX does not */
    trial t = try_task(p, "identity", &none);
    assert_true(t.item.kld == 0 && t.item.agreement == 100);
    release(&t);
    unbend(p);
}

static void a_prefix_is_turned_by_the_angles_of_its_sequence(void **state)
{
    enum { PREFIX = 32, EVAL = 16 };
    place *p = the(state);
    fault f = { 0 };
    shelf none = { "" };
    int32_t tokens[PREFIX + EVAL];
    for (int i = 0; i < PREFIX + EVAL; i++)
        tokens[i] = (i * 41 + 7) % p->model->shape.n_vocab;
    bend(p, PREFIX);
    config *c = config_parse(registry_catalog(p->known), "rope=post identity", &f);
    const compress_request request = { .known = p->known, .config = c, .e = p->engine, .ctx = PREFIX, .env = &p->env };
    compressor *codecs = compress_open(&request, &f);
    kv_cache *cache = kv_cache_create(&p->model->shape, PREFIX + EVAL, KV_ROTATED, &f);
    const reference_request exactly = { p->engine, &none, "m", PROTOCOL_SNAPSHOT, PREFIX, EVAL };
    reference exact;
    assert_true(codecs && cache && reference_make(&exactly, tokens, &exact, &f));
    const size_t n = exact.n_scored * (size_t)p->model->shape.n_vocab;
    float *logits = calloc(n, sizeof *logits);
    float *states = calloc(exact.n_scored, (size_t)p->model->shape.n_embd * sizeof *states);
    sequence s = { .cache = cache, .tokens = tokens + PREFIX, .n = EVAL - 1, .states = states };
    double seconds;
    assert_true(compress_snapshot(codecs, &exact, &s, &seconds, &f) &&
                engine_logits(p->engine, states, exact.n_scored, logits, &f));
    for (size_t i = 0; i < n; i++)
        assert_true(fabsf(logits[i] - exact.logits[i]) < 1e-4f);
    free(logits);
    free(states);
    reference_release(&exact);
    kv_cache_destroy(cache);
    compress_close(codecs, NULL);
    config_free(c);
    unbend(p);
}

/* ---- options ---- */

static void options_are_read_and_refused_by_name(void **state)
{
    (void)state;
    static const char options[] = "turns=50 lengths=256,512 depths=0,0.5,1 list=auto";
    fault f = { 0 };
    int turns = 0;
    double values[SUITE_LIST];
    assert_true(suite_option_int(options, "turns", 1, 100, &turns, &f));
    assert_int_equal(turns, 50);
    assert_int_equal(suite_option_list(options, "depths", 0, 1, values, &f), 3);
    assert_true(values[0] == 0 && values[1] == 0.5 && values[2] == 1);
    assert_int_equal(suite_option_list(options, "lengths", 1, 1e6, values, &f), 2);
    assert_false(suite_option_int(options, "turns", 1, 49, &turns, &f));
    assert_non_null(strstr(f.text, "--turns"));
    assert_false(suite_option_int(options, "list", 1, 49, &turns, &f));
    assert_int_equal(suite_option_list(options, "lengths", 1, 300, values, &f), 0);
    assert_int_equal(suite_option_list("lengths=1,", "lengths", 1, 300, values, &f), 0);
    assert_int_equal(suite_option_list("lengths=1;2", "lengths", 1, 300, values, &f), 0);
    assert_false(suite_option_int("turns=2.5", "turns", 1, 49, &turns, &f));
    assert_false(suite_option_int(options, "tokens", 1, 49, &turns, &f));
    char many[200] = "n=1";
    for (int i = 0; i < SUITE_LIST; i++)
        strcat(many, ",1");
    assert_int_equal(suite_option_list(many, "n", 1, 1, values, &f), 0);
    many[strlen(many) - 2] = '\0';
    assert_int_equal(suite_option_list(many, "n", 1, 1, values, &f), SUITE_LIST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_through_identity_is_exact_and_kept),
        cmocka_unit_test(an_answer_that_no_one_gave_is_made_again),
        cmocka_unit_test(the_configs_answer_is_what_it_says_alone),
        cmocka_unit_test(a_prompt_that_leaves_no_room_is_refused),
        cmocka_unit_test(both_caches_are_turned_by_the_same_angles),
        cmocka_unit_test(a_prefix_is_turned_by_the_angles_of_its_sequence),
        cmocka_unit_test(options_are_read_and_refused_by_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
