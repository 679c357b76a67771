/* kvant logits: rows of logits for a list of tokens, to compare engines. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "base/file.h"
#include "engine/forward.h"

enum { STEP = 256 }; /* positions whose logits are held at once */

/* Token ids with white space between; *ids is malloc'd. */
static bool read_ids(const char *path, int32_t **ids, size_t *n, fault *f)
{
    FILE *in = fopen(path, "r");
    if (!in) return fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
    size_t room = 0;
    char word[32];
    bool ok = true;
    while (ok && fscanf(in, "%31s", word) == 1) {
        char *end;
        long id = strtol(word, &end, 10);
        if (*end || id < 0 || id > INT32_MAX)
            ok = fault_set(f, FAULT_INPUT, "%s: \"%s\" (word %zu) is no token id", path, word, *n + 1);
        if (ok && *n == room) {
            room = room ? 2 * room : 1024;
            int32_t *grown = reallocarray(*ids, room, sizeof *grown);
            if (grown)
                *ids = grown;
            else
                ok = fault_memory(f, path);
        }
        if (ok) (*ids)[(*n)++] = (int32_t)id;
    }
    if (ok && ferror(in)) ok = fault_set(f, FAULT_INPUT, "%s: reading failed: %s", path, strerror(errno));
    if (ok && *n == 0) ok = fault_set(f, FAULT_INPUT, "%s: holds no token ids", path);
    if (ok && *n > 1 << 24) ok = fault_set(f, FAULT_INPUT, "%s: %zu tokens, at most %d", path, *n, 1 << 24);
    fclose(in);
    return ok;
}

static bool write_logits(app_context *app, engine *e, const int32_t *ids, size_t n, FILE *out, const char *path,
                         fault *f)
{
    const model_shape *s = &engine_model(e)->shape;
    size_t vocab = (size_t)s->n_vocab;
    kv_cache *c = kv_cache_create(s, (int)n, KV_PACKED, f);
    float *logits = reallocarray(NULL, STEP, vocab * sizeof *logits);
    bool ok = c && (logits || fault_memory(f, "the logits"));
    for (size_t at = 0; ok && at < n; at += STEP) {
        int count = n - at < STEP ? (int)(n - at) : STEP;
        sequence seq = { .cache = c, .tokens = ids + at, .n = count, .logits = logits };
        if (app_cancelled(app)) ok = fault_set(f, FAULT_INTERRUPTED, "interrupted");
        ok = ok && engine_forward(e, &seq, 1, f);
        if (ok && fwrite(logits, vocab * sizeof *logits, (size_t)count, out) != (size_t)count)
            ok = fault_set(f, FAULT_INPUT, "%s: writing failed: %s", path, strerror(errno));
    }
    free(logits);
    kv_cache_destroy(c);
    return ok;
}

int cmd_logits(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *path = line_text(line, "output");
    if (!path) {
        fault_set(&f, FAULT_USAGE, "logits: say where to write them: -o OUT.f32");
        return app_report(app, &f);
    }
    int32_t *ids = NULL;
    size_t n = 0;
    model *m = model_open(line_arg(line, 0), &f);
    engine *e = m ? engine_open(m, app_threads(line), &f) : NULL;
    bool ok = e && read_ids(line_arg(line, 1), &ids, &n, &f);
    FILE *out = ok ? fopen(path, "wb") : NULL;
    if (ok && !out) ok = fault_set(&f, FAULT_INPUT, "%s: %s", path, strerror(errno));
    ok = ok && write_logits(app, e, ids, n, out, path, &f);
    if (out && fclose(out) && ok) ok = fault_set(&f, FAULT_INPUT, "%s: writing failed: %s", path, strerror(errno));
    if (out && !ok) file_discard(path);
    if (ok && line_has(line, "json"))
        printf("{\"file\": \"%s\", \"positions\": %zu, \"vocabulary\": %d}\n", path, n, m->shape.n_vocab);
    else if (ok)
        printf("%s: %zu positions x %d logits, f32\n", path, n, m->shape.n_vocab);
    free(ids);
    engine_close(e);
    model_close(m);
    return ok ? FAULT_NONE : app_report(app, &f);
}
