/* Fills a database with runs whose reports are known.
 *
 *     fill DB few        two sets on one model; in the first a frontier of four, of which two cannot be told apart, a
 *                        dominated run, a failed one, one that a newer run of its config replaces, and a warning
 *     fill DB hostile    one set whose every text tries to be more than text
 *     fill DB many N     N runs of as many configs
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/store/place.h"

static store *to;

/* The run's blocks, so that a paired difference of two runs is that of their KLD, but for `wobble`. */
static int64_t put(const store_run *run, double wobble)
{
    store_layer layers[2 * PLACE_LAYERS];
    store_block blocks[PLACE_BLOCKS];
    sample_parts(layers, blocks);
    for (int i = 0; i < 2 * PLACE_LAYERS; i++)
        layers[i].rel_error *= run->kld.value;
    for (int i = 0; i < PLACE_BLOCKS; i++)
        blocks[i].kld = (double)blocks[i].n * run->kld.value * (1 + wobble * (i % 2 ? 1 : -1));
    fault f = { 0 };
    int64_t id = 0;
    bool done = strcmp(run->status, "done") == 0;
    if (store_add_run(to, run,
                      &(store_parts){ .layers = layers,
                                      .n_layers = done ? 2 * PLACE_LAYERS : 0,
                                      .blocks = blocks,
                                      .n_blocks = done ? PLACE_BLOCKS : 0 },
                      &id, &f))
        return id;
    fprintf(stderr, "fill: %s\n", f.text);
    exit(1);
}

static store_run run_of(const char *config, double ratio, double kld)
{
    store_run r = sample_run(config);
    r.config.k = r.config.v = config;
    r.ratio = r.ratio_ctx = r.ratio_128k = ratio;
    r.bits_per_value = 16 / ratio;
    r.kld = (store_estimate){ kld, 0.9 * kld, 1.1 * kld };
    r.dppl = (store_estimate){ 10 * kld, 8 * kld, 12 * kld };
    r.top1 = (store_estimate){ 100 - 100 * kld, 99 - 100 * kld, fmin(100, 101 - 100 * kld) };
    r.verdict = kld < 0.02 ? "ACCEPT*" : kld < 0.05 ? "ACCEPT" : "MARGINAL?";
    r.verdict_note = "";
    return r;
}

static void fill_few(void)
{
    store_run r = run_of("turbo2", 7, 0.2);
    r.protocol = "snapshot";
    r.eval = 64;
    put(&r, 0);
    r = run_of("identity", 0.5, 0);
    put(&r, 0);
    r = run_of("turbo4", 4, 0.5); /* the newer one counts */
    put(&r, 0);
    r = run_of("turbo4", 4, 0.010);
    put(&r, 0.1);
    r = run_of("turbo3", 5, 0.0104);
    put(&r, 0.5);
    r = run_of("turbo2", 7, 0.06);
    r.verdict_note = "perplexity fell by 2 % while KLD is 0.060 nats";
    put(&r, 0);
    r = run_of("q4_0", 3.5, 0.03);
    r.dppl = (store_estimate){ -0.3, -0.4, -0.2 }; /* compared without its sign */
    put(&r, 0);
    r = failed_run("k=crash v=f16");
    put(&r, 0);
}

static void fill_hostile(void)
{
    static const char script[] = "</script></title></style><img src=x onerror=alert(1)><script>alert(2)</script>";
    static const char marks[] =
        "\"><svg onload=alert(3)>' | `` ` *a* [b](javascript:c) ]]> \\ \n# head\n```\n\x1b[31m\x01\xff\xc0\x80 \xe2\x80\xa8 &lt;";
    const char *texts[] = { script, marks };
    for (int i = 0; i < 6; i++) {
        char config[400];
        snprintf(config, sizeof config, "%s%d", texts[i % 2], i);
        store_run r = run_of(config, 2 + i, 0.001 * (i + 1));
        if (i >= 4) {
            r = failed_run(config);
            r.reason = texts[i % 2];
            r.phase = texts[(i + 1) % 2];
        } else {
            r.verdict_note = texts[i % 2];
            r.verdict = i == 3 ? script : i == 2 ? "\u00e9*<b>" : r.verdict;
        }
        r.model = (store_model){ "m<1>", script, marks, script, marks, 4, 8, 2, 64, 1000, 4000 };
        r.text = (store_text){ "t'1", marks, "file", 7, 100 };
        r.calibration = (store_calibration){ "c1", script, "c2", 100 };
        r.environment = (store_environment){ "e1", script, marks, script, "avx2", "gcc", "Linux" };
        put(&r, 0);
    }
    store_run r = run_of("numbers", 1e300, 1e-310); /* hundreds of digits, and a metric below any axis */
    r.model = (store_model){ "m<1>", script, marks, script, marks, 4, 8, 2, 64, 1000, 4000 };
    r.text = (store_text){ "t'1", marks, "file", 7, 100 };
    r.dppl = (store_estimate){ 1e300, -1e300, 1.7e308 };
    r.top1 = (store_estimate){ -1e300, -1e301, 1e302 };
    r.ppl_ref = 1e305;
    put(&r, 0);
}

static void fill_many(long n)
{
    static const char *const codecs[] = { "polar", "turbo", "lattice", "kakeya", "q", "besi" };
    unsigned seed = 1;
    for (long i = 0; i < n; i++) {
        char config[96];
        seed = seed * 1103515245u + 12345u;
        double ratio = 1.5 + 6 * (double)(seed >> 8 & 0xffff) / 65536,
               above = 1 + 30 * pow((double)(seed >> 16) / 65536, 3);
        snprintf(config, sizeof config, "k=%s(bits=%ld,seed=%ld) v=%s", codecs[i % 6], i % 8 + 1, i,
                 codecs[(i / 6) % 6]);
        store_run r = run_of(config, ratio, 1e-5 * exp(1.1 * ratio) * above);
        r.config.k = codecs[i % 6];
        r.config.v = codecs[i / 6 % 6];
        put(&r, 0);
    }
}

int main(int argc, char **argv)
{
    fault f = { 0 };
    to = argc > 2 ? store_open(argv[1], STORE_WRITE, &f) : NULL;
    if (!to) {
        fprintf(stderr, "fill: %s\n", argc > 2 ? f.text : "DB few|hostile|many N");
        return 1;
    }
    if (strcmp(argv[2], "few") == 0) fill_few();
    if (strcmp(argv[2], "hostile") == 0) fill_hostile();
    if (strcmp(argv[2], "many") == 0 && argc > 3) fill_many(strtol(argv[3], NULL, 10));
    store_close(to);
    return 0;
}
