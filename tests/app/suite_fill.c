/* Fills a database with runs of suites (suite_samples.h).
 *
 *     suite_fill DB             of each suite a good one (q8_0) and then a bad one (turbo2), a run each
 *     suite_fill DB hostile     of each suite one whose items try to be more than text and numbers
 *     suite_fill DB exact       of each suite one that loses nothing (identity)
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/app/suite_samples.h"
#include "tests/store/place.h"

static const char *const suites[] = { "attention", "trajectory", "prompts", "session", "needle" };

static bool put(store *to, const char *suite, const char *config, const store_item *items, size_t n, fault *f)
{
    static int number;
    char uid[40];
    store_layer layers[2 * PLACE_LAYERS];
    store_block blocks[PLACE_BLOCKS];
    store_run run = sample_run(config);
    sample_parts(layers, blocks);
    snprintf(uid, sizeof uid, "%032x", ++number);
    run.uid = uid;
    run.started += 100 * number;
    run.finished = run.started + 3;
    run.verdict_note = "";
    sample_suite(&run, suite, items, n);
    return store_add_run(to, &run,
                         &(store_parts){ .layers = layers,
                                         .n_layers = 2 * PLACE_LAYERS,
                                         .blocks = blocks,
                                         .n_blocks = PLACE_BLOCKS,
                                         .items = items,
                                         .n_items = n },
                         NULL, f);
}

/* The store takes no infinite numbers. */
static size_t make_finite(store_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double *const fields[] = { &items[i].x,      &items[i].y,   &items[i].score_ref, &items[i].score,
                                   &items[i].second, &items[i].kld, &items[i].agreement };
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            if (isinf(*fields[k])) *fields[k] = *fields[k] > 0 ? 1e308 : -1e308;
    }
    return n;
}

static bool put_both(store *to, const char *suite, fault *f)
{
    store_item items[SAMPLE_ITEMS];
    size_t n = sample_items(suite, SAMPLE_GOOD, items);
    if (!put(to, suite, "q8_0", items, n, f)) return false;
    n = sample_items(suite, SAMPLE_BAD, items);
    return put(to, suite, "turbo2", items, n, f);
}

int main(int argc, char **argv)
{
    fault f = { 0 };
    store_item items[SAMPLE_ITEMS];
    const char *what = argc > 2 ? argv[2] : "";
    store *to = argc > 1 ? store_open(argv[1], STORE_WRITE, &f) : NULL;
    if (argc < 2) fault_set(&f, FAULT_USAGE, "usage: suite_fill DB [hostile|exact]");
    bool ok = to != NULL;
    for (size_t i = 0; ok && i < sizeof suites / sizeof *suites; i++) {
        if (strcmp(what, "hostile") == 0)
            ok = put(to, suites[i], "turbo2", items, make_finite(items, hostile_items(suites[i], items)), &f);
        else if (strcmp(what, "exact") == 0)
            ok = put(to, suites[i], "identity", items, sample_items(suites[i], SAMPLE_EXACT, items), &f);
        else
            ok = put_both(to, suites[i], &f);
    }
    store_close(to);
    if (!ok) fprintf(stderr, "suite_fill: %s\n", f.text);
    return ok ? 0 : 1;
}
