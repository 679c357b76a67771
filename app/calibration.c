#include "app/calibration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct calibration {
    safetensors *file;
    const char *path;
    calibration_identity identity;
    int n_layers, heads, dim;
    size_t passages, positions; /* of the text */
    size_t rows;                /* of each stream that are kept */
};

int calibration_positions(const calibration *c)
{
    return (int)c->positions;
}

void calibration_identify(const calibration *c, calibration_identity *out)
{
    *out = c->identity;
}

/* ---- opening ---- */

static const safetensor *tensor_of(const calibration *c, int layer, const char *what)
{
    char name[64];
    if (layer < 0)
        snprintf(name, sizeof name, "%s", what);
    else
        snprintf(name, sizeof name, "layers.%d.%s", layer, what);
    return safetensors_find(c->file, name);
}

/* Is the tensor there with these dims (0: any, but the same for all that say so in *any)? */
static bool check_tensor(const calibration *c, int layer, const char *what, int n_dims, const size_t *dims, fault *f)
{
    const safetensor *t = tensor_of(c, layer, what);
    const char *dot = layer < 0 ? "" : "layers.";
    char number[16] = "";
    if (layer >= 0) snprintf(number, sizeof number, "%d.", layer);
    if (!t) return fault_set(f, FAULT_INPUT, "%s: it has no tensor %s%s%s", c->path, dot, number, what);
    bool fits = t->n_dims == n_dims;
    for (int i = 0; fits && i < n_dims; i++)
        fits = t->dims[i] == dims[i];
    return fits || fault_set(f, FAULT_INPUT, "%s: tensor %s%s%s has not the shape its model and text ask for", c->path,
                             dot, number, what);
}

static bool check_tensors(const calibration *c, fault *f)
{
    size_t heads = (size_t)c->heads, dim = (size_t)c->dim;
    const size_t rows[] = { heads, c->rows, dim }, moment[] = { heads, dim, dim }, mass[] = { heads, c->positions };
    for (int il = 0; il < c->n_layers; il++)
        if (!check_tensor(c, il, "k", 3, rows, f) || !check_tensor(c, il, "v", 3, rows, f) ||
            !check_tensor(c, il, "query_moment", 3, moment, f) ||
            !check_tensor(c, il, "query_moment_rotated", 3, moment, f) ||
            !check_tensor(c, il, "query_moment_met", 3, moment, f) || !check_tensor(c, il, "attention", 2, mass, f))
            return false;
    return true;
}

static bool check_words(calibration *c, const char *model_id, const model_shape *shape, fault *f)
{
    const char *format = safetensors_word(c->file, "format"), *made_with = safetensors_word(c->file, "model");
    const char *text = safetensors_word(c->file, "text"), *text_id = safetensors_word(c->file, "text_id");
    const char *model_name = safetensors_word(c->file, "model_name");
    const safetensor *tokens = safetensors_find(c->file, "tokens"), *k = safetensors_find(c->file, "layers.0.k");
    if (!format || strcmp(format, "kvant calibration") != 0)
        return fault_set(f, FAULT_INPUT, "%s: this is no calibration; `kvant calibrate` makes one", c->path);
    if (!made_with || strcmp(made_with, model_id) != 0)
        return fault_set(f, FAULT_INPUT, "%s: it was made with another model (%.16s, %s), this one is %.16s", c->path,
                         made_with ? made_with : "?", model_name ? model_name : "?", model_id);
    if (!text || !text_id || strlen(text_id) != HASH_HEX - 1 || !tokens || tokens->type != SAFETENSORS_I32 ||
        tokens->n_dims != 2 || tokens->dims[0] < 1 || tokens->dims[1] < 1 || tokens->dims[1] > INT32_MAX || !k ||
        k->n_dims != 3 || k->dims[1] < 1)
        return fault_set(f, FAULT_INPUT, "%s: parts of the calibration are missing; make it again", c->path);
    snprintf(c->identity.text, sizeof c->identity.text, "%s", text);
    strcpy(c->identity.text_id, text_id);
    c->identity.tokens = tokens->n_values;
    c->passages = tokens->dims[0];
    c->positions = tokens->dims[1];
    c->rows = k->dims[1];
    c->n_layers = shape->n_layers;
    c->heads = shape->n_kv_heads;
    c->dim = shape->head_dim;
    return check_tensors(c, f);
}

calibration *calibration_open(const char *path, const char model_id[HASH_HEX], const model_shape *shape, fault *f)
{
    calibration *c = calloc(1, sizeof *c);
    if (!c) {
        fault_memory(f, "the calibration");
        return NULL;
    }
    c->path = path;
    c->file = safetensors_open(path, f);
    if (c->file && hash_file(path, c->identity.id, f) && check_words(c, model_id, shape, f)) return c;
    calibration_close(c);
    return NULL;
}

void calibration_close(calibration *c)
{
    if (!c) return;
    safetensors_close(c->file);
    free(c);
}

/* ---- samples ---- */

/* A tensor's values of one head, or of all of them, into `out`. */
static bool read_heads(const calibration *c, int layer, const char *what, int head, size_t per_head, float *out,
                       fault *f)
{
    const safetensor *t = tensor_of(c, layer, what);
    safetensor part = *t;
    if (head >= 0) {
        part.bytes = (const char *)t->bytes + (size_t)head * (t->n_bytes / (size_t)c->heads);
        part.n_bytes = t->n_bytes / (size_t)c->heads;
        part.n_values = per_head;
    }
    return safetensors_f32(c->file, &part, out, f);
}

static void rotate_rows(const calibration *c, const rope_table *rope, float *rows, size_t n_rows, size_t stride)
{
    for (size_t i = 0; rope && i < n_rows; i++)
        rope_rotate(rope, rows + i * stride, (int)(i % c->positions));
}

/* [head][row] to [row][head]. */
static void interleave(const calibration *c, const float *from, float *to)
{
    size_t heads = (size_t)c->heads, dim = (size_t)c->dim;
    for (size_t h = 0; h < heads; h++)
        for (size_t i = 0; i < c->rows; i++)
            memcpy(to + (i * heads + h) * dim, from + (h * c->rows + i) * dim, dim * sizeof *to);
}

bool calibration_samples(const calibration *c, int layer, int side, int head, const rope_table *rope,
                         kvant_samples *out, void **memory, fault *f)
{
    size_t n = head < 0 ? (size_t)c->heads : 1, dim = (size_t)c->dim, per_head = c->rows * dim;
    float *rows = reallocarray(NULL, n, (2 * per_head + 2 * dim * dim + c->positions) * sizeof *rows);
    *memory = rows;
    if (!rows) return fault_memory(f, "the calibration's rows");
    float *apart = rows + n * per_head, *moment = apart + n * per_head, *met = moment + n * dim * dim,
          *attention = met + n * dim * dim;
    if (!read_heads(c, layer, side == KVANT_K ? "k" : "v", head, per_head, n > 1 ? apart : rows, f) ||
        !read_heads(c, layer, rope ? "query_moment_rotated" : "query_moment", head, dim * dim, moment, f) ||
        !read_heads(c, layer, "query_moment_met", head, dim * dim, met, f) ||
        !read_heads(c, layer, "attention", head, c->positions, attention, f))
        return false;
    for (size_t h = 0; h < n; h++)
        rotate_rows(c, rope, (n > 1 ? apart : rows) + h * per_head, c->rows, dim);
    if (n > 1) interleave(c, apart, rows);
    *out = (kvant_samples){
        .size = sizeof *out,
        .abi = KVANT_ABI,
        .rows = rows,
        .n_rows = n * c->rows,
        .sequence = n * (c->rows < c->positions ? c->rows : c->positions),
        .query_moment = moment,
        .query_moment_met = rope ? NULL : met,
        .attention = attention,
        .n_attention = c->positions,
    };
    return true;
}

/* ---- overlap ---- */

/* Sums over windows of CALIBRATION_RUN tokens, each from the one before. */
static uint64_t window_power(void)
{
    uint64_t power = 1;
    for (int i = 0; i < CALIBRATION_RUN; i++)
        power *= UINT64_C(0x9e3779b97f4a7c15);
    return power;
}

static uint64_t roll(uint64_t sum, int32_t in, const int32_t *out, uint64_t power)
{
    sum = sum * UINT64_C(0x9e3779b97f4a7c15) + (uint32_t)in + 1;
    return out ? sum - power * ((uint64_t)(uint32_t)*out + 1) : sum;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The sums of all windows of the text, passage by passage, sorted. */
static size_t window_sums(const calibration *c, const int32_t *tokens, uint64_t *sums)
{
    size_t n = 0;
    const uint64_t power = window_power();
    for (size_t p = 0; p < c->passages; p++, tokens += c->positions) {
        uint64_t sum = 0;
        for (size_t i = 0; i < c->positions; i++) {
            sum = roll(sum, tokens[i], i >= CALIBRATION_RUN ? &tokens[i - CALIBRATION_RUN] : NULL, power);
            if (i + 1 >= CALIBRATION_RUN) sums[n++] = sum;
        }
    }
    qsort(sums, n, sizeof *sums, ascending);
    return n;
}

double calibration_overlap(const calibration *c, const int32_t *tokens, size_t n, fault *f)
{
    /* A copy: nothing says that a file's tensors are aligned. */
    const safetensor *text = safetensors_find(c->file, "tokens");
    int32_t *known = malloc(text->n_bytes);
    uint64_t *sums = reallocarray(NULL, c->passages, c->positions * sizeof *sums);
    if (!known || !sums) {
        free(known);
        free(sums);
        fault_memory(f, "the calibration's text");
        return NAN;
    }
    memcpy(known, text->bytes, text->n_bytes);
    const size_t n_sums = window_sums(c, known, sums);
    const uint64_t power = window_power();
    uint64_t sum = 0;
    size_t shared = 0, counted = 0; /* tokens before `counted` have been looked at */
    for (size_t i = 0; i < n; i++) {
        sum = roll(sum, tokens[i], i >= CALIBRATION_RUN ? &tokens[i - CALIBRATION_RUN] : NULL, power);
        if (i + 1 < CALIBRATION_RUN || !bsearch(&sum, sums, n_sums, sizeof *sums, ascending)) continue;
        const size_t first = i + 1 - CALIBRATION_RUN;
        shared += i + 1 - (first > counted ? first : counted);
        counted = i + 1;
    }
    free(known);
    free(sums);
    return n ? (double)shared / (double)n : 0;
}
