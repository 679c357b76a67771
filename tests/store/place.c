#include "tests/store/place.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int place_open(void **state)
{
    place *p = calloc(1, sizeof *p);
    if (!p) return -1;
    snprintf(p->dir, sizeof p->dir, "/tmp/kvant-store-XXXXXX");
    if (!mkdtemp(p->dir)) {
        free(p);
        return -1;
    }
    snprintf(p->db, sizeof p->db, "%s/kvant.db", p->dir);
    *state = p;
    return 0;
}

int place_close(void **state)
{
    place *p = *state;
    chmod(p->dir, 0700);
    DIR *dir = opendir(p->dir);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", p->dir, e->d_name);
        if (e->d_name[0] != '.') remove(path);
    }
    if (dir) closedir(dir);
    int rc = rmdir(p->dir);
    free(p);
    return rc;
}

store_run sample_run(const char *config)
{
    store_run r = store_run_blank();
    r.started = 1760000000;
    r.finished = 1760000012;
    r.wall_s = 11.75;
    r.model =
        (store_model){ "m0", "Tiny", "/models/tiny.gguf", "llama", "Q8_0", PLACE_LAYERS, 8, 2, 64, 1000000, 4000000 };
    r.text = (store_text){ "t0", "self", "self", 7, 16384 };
    r.config = (store_config){ config, config, config, config }; /* the text serves as its own hash */
    r.calibration = (store_calibration){ "b0", "train.txt", "x1", 4096 };
    r.environment = (store_environment){ "e0", "0.1.0", "engine-1", "some cpu", "avx2", "gcc 12", "Linux" };
    r.protocol = "stream";
    r.ctx = 512;
    r.eval = 0;
    r.passages = 3;
    r.threads = 2;
    r.seed = 42;
    r.status = "done";
    r.n_values = 1048576;
    r.bytes = 557056;
    r.payload_bytes = 524288;
    r.metadata_bytes = 32768;
    r.exact_bytes = 0;
    r.side_bytes = 128;
    r.ratio = 3.7647058823529411;
    r.bits_per_value = 4.25;
    r.ratio_ctx = 3.76;
    r.ratio_128k = 3.7647;
    r.kld = (store_estimate){ 0.0125, 0.0101, 0.0152 };
    r.kld_median = 0.004;
    r.kld_p99 = 0.1;
    r.kld_p999 = 0.3;
    r.kld_max = 0.7;
    r.ppl = 10.2;
    r.ppl_ref = 10.1;
    r.dppl = (store_estimate){ 0.99, -0.2, 2.1 };
    r.top1 = (store_estimate){ 95.5, 94.1, 96.7 };
    r.rms_dp = (store_estimate){ 2.5, 2.2, 2.9 };
    r.verdict = "ACCEPT*?";
    r.verdict_note = "a note";
    r.encode_gbs = 1.5;
    r.decode_gbs = 2.5;
    r.ms_per_token = 0.75;
    r.peak_rss_bytes = 123456789;
    return r;
}

store_run failed_run(const char *config)
{
    store_run done = sample_run(config), r = store_run_blank();
    r.started = done.started;
    r.finished = done.finished;
    r.model = done.model;
    r.text = done.text;
    r.config = done.config;
    r.environment = done.environment;
    r.protocol = done.protocol;
    r.ctx = done.ctx;
    r.passages = done.passages;
    r.status = "failed";
    r.reason = "signal 11 (SIGSEGV)";
    r.phase = "encode";
    return r;
}

void sample_parts(store_layer layers[2 * PLACE_LAYERS], store_block blocks[PLACE_BLOCKS])
{
    for (int i = 0; i < 2 * PLACE_LAYERS; i++)
        layers[i] =
            (store_layer){ i / 2,  i % 2 ? "v" : "k", "turbo4", 0.01 * (i + 1), i % 2 ? NAN : 0.02 * (i + 1), 1000 + i,
                           500 + i };
    for (int i = 0; i < PLACE_BLOCKS; i++)
        blocks[i] = (store_block){ i / 4,      i % 4,   i % 4 == 3 ? 60 : 64, 100.5 + i,
                                   101.25 + i, 0.5 + i, 0.125 * (i + 1),      50 + i };
}

int64_t add(store *s, const store_run *run)
{
    store_layer layers[2 * PLACE_LAYERS];
    store_block blocks[PLACE_BLOCKS];
    sample_parts(layers, blocks);
    fault f = { 0 };
    int64_t id = 0;
    if (!store_add_run(s, run,
                       &(store_parts){
                           .layers = layers, .n_layers = 2 * PLACE_LAYERS, .blocks = blocks, .n_blocks = PLACE_BLOCKS },
                       &id, &f))
        fail_msg("%s", f.text);
    return id;
}

static bool take_integer(void *arg, int n, const store_value *values)
{
    assert_true(n == 1 && values[0].kind == STORE_INTEGER);
    *(int64_t *)arg = values[0].integer;
    return true;
}

int64_t ask(store *s, const char *sql)
{
    int64_t value = INT64_MIN;
    fault f = { 0 };
    store_reader reader = { .row = take_integer, .arg = &value };
    if (!store_query(s, sql, &reader, &f)) fail_msg("%s: %s", sql, f.text);
    return value;
}

store *writer(void **state)
{
    fault f = { 0 };
    store *s = store_open(((place *)*state)->db, STORE_WRITE, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}
