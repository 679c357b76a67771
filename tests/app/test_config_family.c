/* Configs that dice make: one text for each meaning, and one meaning for each text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"
#include "tests/app/config_known.h"

/* ---- a generated family ---- */

typedef struct dice {
    uint64_t key, counter;
} dice;

static unsigned roll(dice *d, unsigned n)
{
    return (unsigned)(random_bits(d->key, d->counter++) % n);
}

static void add_codec(dice *d, char *line)
{
    static const char *const codecs[] = { "q8_0",
                                          "f16",
                                          "turbo3",
                                          "polar( bits = 4 )",
                                          "polar",
                                          "polar(scale=mse,bits=2)",
                                          "polar(bits=2,scale=mse)",
                                          "rotate(q4_0)",
                                          "comfy(turbo3,n=1)",
                                          "identity" };
    strcat(line, codecs[roll(d, 10)]);
}

static void add_layers(dice *d, char *line, bool middles)
{
    unsigned items = 1 + roll(d, 3);
    for (unsigned i = 0; i < items; i++) {
        char text[32];
        int low = (int)roll(d, 4), more = (int)roll(d, 3);
        switch (roll(d, middles ? 5 : 4)) {
        case 0: snprintf(text, sizeof text, "%d", low); break;
        case 1: snprintf(text, sizeof text, "%d-%d", low, low + more); break;
        case 2: snprintf(text, sizeof text, "%d", -1 - low); break;
        case 3: snprintf(text, sizeof text, "%d..%d", -1 - low - more, -1 - low); break;
        default: snprintf(text, sizeof text, "%d..%d", low, -1 - more); break;
        }
        strcat(strcat(line, i ? "," : ""), text);
    }
}

static void generate(dice *d, char *line)
{
    *line = '\0';
    unsigned base = roll(d, 4);
    if (base != 1) add_codec(d, strcat(line, base == 0 ? "" : "k="));
    if (base == 1 || base == 3) add_codec(d, strcat(line, " v="));
    for (unsigned n = roll(d, 5); n > 0; n--) {
        strcat(line, " @");
        const unsigned named = roll(d, 8);
        if (named < 2)
            strcat(line, named ? "swa" : "full");
        else
            add_layers(d, line, true);
        strcat(line, ":");
        unsigned kind = roll(d, 4);
        if (kind != 1) add_codec(d, strcat(line, kind == 0 ? "" : "k="));
        if (kind == 1 || kind == 3) add_codec(d, strcat(line, kind == 3 ? ",v=" : "v="));
    }
    if (roll(d, 4) == 0) strcat(line, " rope=post");
}

static void canonical_texts_are_their_own_canonical_form(void **state)
{
    (void)state;
    dice d = { 1, 0 };
    for (int i = 0; i < 3000; i++) {
        char line[1024];
        generate(&d, line);
        config *c = parse(line), *again = parse(c->text);
        if (strcmp(c->text, again->text) != 0) fail_msg("%s\n  gives %s\n  gives %s", line, c->text, again->text);
        assert_string_equal(c->id, again->id);
        config_free(again);
        config_free(c);
    }
}

/* On a model where a config resolves, its canonical text resolves to the same codecs. */
static void canonical_texts_mean_what_was_typed(void **state)
{
    (void)state;
    dice d = { 2, 0 };
    int resolved = 0;
    for (int i = 0; i < 3000; i++) {
        char line[1024];
        generate(&d, line);
        config *c = parse(line), *again = parse(c->text);
        assert_int_equal(c->rope_post, again->rope_post);
        for (int n_layers = 1; n_layers <= 14; n_layers++) {
            config_layer plan[14], same[14];
            const uint64_t windowed = random_bits(5, (uint64_t)i);
            config_model model = { .n_layers = n_layers, .windowed = &windowed };
            fault f = { 0 };
            if (!config_resolve(c, &model, plan, NULL)) continue;
            resolved++;
            if (!config_resolve(again, &model, same, &f)) fail_msg("%s resolves, but not %s", line, f.text);
            for (int layer = 0; layer < n_layers; layer++)
                for (int s = 0; s < 2; s++)
                    if (strcmp(plan[layer].spec[s]->text, same[layer].spec[s]->text) != 0)
                        fail_msg("%s\n  and %s\n  differ in layer %d of %d", line, c->text, layer, n_layers);
        }
        config_free(again);
        config_free(c);
    }
    assert_true(resolved > 10000);
}

/* Without middles nothing is left to chance: the same plan on every model where both resolve means the same text. */
static void configs_that_mean_the_same_have_one_text(void **state)
{
    enum { LINES = 400, LAYERS = 16 };
    (void)state;
    dice d = { 3, 0 };
    config **all = calloc(LINES, sizeof(config *));
    assert_non_null(all);
    for (int i = 0; i < LINES; i++) {
        char line[1024] = "turbo3 @";
        add_layers(&d, line, false);
        strcat(line, roll(&d, 2) ? ":k=q8_0" : ":turbo3");
        add_layers(&d, strcat(line, " @"), false);
        strcat(line, roll(&d, 2) ? ":k=q8_0" : ":v=q8_0");
        all[i] = parse(line);
    }
    int equal = 0;
    for (int i = 0; i < LINES; i++) {
        for (int j = 0; j < i; j++) {
            config_layer a[LAYERS], b[LAYERS];
            config_model model = { .n_layers = LAYERS }; /* long enough that front and end do not meet */
            assert_true(config_resolve(all[i], &model, a, NULL) && config_resolve(all[j], &model, b, NULL));
            bool same = true;
            for (int layer = 0; layer < LAYERS; layer++)
                for (int s = 0; s < 2; s++)
                    same = same && strcmp(a[layer].spec[s]->text, b[layer].spec[s]->text) == 0;
            if (same != (strcmp(all[i]->id, all[j]->id) == 0))
                fail_msg("%s gives %s\n%s gives %s", all[i]->line, all[i]->text, all[j]->line, all[j]->text);
            equal += same;
        }
    }
    assert_true(equal > 20);
    for (int i = 0; i < LINES; i++)
        config_free(all[i]);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_texts_are_their_own_canonical_form),
        cmocka_unit_test(canonical_texts_mean_what_was_typed),
        cmocka_unit_test(configs_that_mean_the_same_have_one_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
