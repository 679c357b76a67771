#include "app/offline_rope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"

static const char *word_of(const rows_file *file, const char *key)
{
    const safetensors *source = rows_file_source(file);
    return source ? safetensors_word(source, key) : NULL;
}

/* The option, or the file's word: one of two, *second says which. */
static bool choose(const rows_file *file, const char *key, const char *option, const char *const names[2], bool *known,
                   bool *second, fault *f)
{
    const char *word = option ? option : word_of(file, key);
    *known = word != NULL;
    *second = word && strcmp(word, names[1]) == 0;
    if (!word || *second || strcmp(word, names[0]) == 0) return true;
    return fault_set(f, FAULT_INPUT, "%s: its metadata says %s \"%.40s\", expected %s or %s", rows_file_path(file), key,
                     word, names[0], names[1]);
}

/* A number of the metadata; *value stays when there is none or it is already given. */
static bool number(const rows_file *file, const char *key, double *value, fault *f)
{
    const char *word = *value == 0 ? word_of(file, key) : NULL;
    if (!word || (number_read(word, strlen(word), value) && *value > 0)) return true;
    return fault_set(f, FAULT_INPUT, "%s: its metadata says %s \"%.40s\", expected a positive number",
                     rows_file_path(file), key, word);
}

/* The divisors of the frequencies; *factors stays NULL when there are none. */
static bool read_factors(const rows_file *file, int n, float **factors, fault *f)
{
    const safetensors *source = rows_file_source(file);
    const safetensor *t = source ? safetensors_find(source, "rope.factors") : NULL;
    if (!t) return true;
    if (t->n_dims != 1 || t->dims[0] != (uint64_t)n)
        return fault_set(f, FAULT_INPUT, "%s: tensor rope.factors: expected one dimension of %d", rows_file_path(file),
                         n);
    if (!(*factors = reallocarray(NULL, (size_t)n, sizeof **factors))) return fault_memory(f, "the RoPE factors");
    if (!safetensors_f32(source, t, *factors, f)) return false;
    for (int i = 0; i < n; i++)
        if (!(isfinite((*factors)[i]) && (*factors)[i] > 0))
            return fault_set(f, FAULT_INPUT, "%s: tensor rope.factors: value %d is %g", rows_file_path(file), i,
                             (double)(*factors)[i]);
    return true;
}

/* The same angles the other way. */
static bool reverse(const rope_table *to, rope_table *from)
{
    const size_t n = (size_t)to->n_pos * (size_t)to->n_rot;
    const float square = to->magnitude == 0 ? 1 : to->magnitude * to->magnitude;
    *from = *to;
    from->steps = NULL; /* no tiles are turned back */
    from->cos_sin = reallocarray(NULL, n, sizeof *from->cos_sin);
    for (size_t i = 0; from->cos_sin && i < n; i++)
        from->cos_sin[i] = (i % 2 ? -to->cos_sin[i] : to->cos_sin[i]) / square;
    return from->cos_sin != NULL;
}

bool offline_rope_open(const rows_file *file, const offline_rope_options *options, int dim, int n_pos,
                       offline_rope *out, fault *f)
{
    static const char *const forms[2] = { "pre", "post" }, *const layouts[2] = { "halves", "interleaved" };
    double theta = options->theta, dims = options->dims, magnitude = 0;
    bool unused;
    float *factors = NULL;
    *out = (offline_rope){ 0 };
    if (!choose(file, "rope", options->stored, forms, &out->form_known, &out->rotated, f) ||
        !choose(file, "rope_pairs", options->pairs, layouts, &unused, &out->to.interleaved, f) ||
        !number(file, "rope_theta", &theta, f) || !number(file, "rope_dims", &dims, f) ||
        !number(file, "rope_magnitude", &magnitude, f))
        return false;
    if (theta == 0) return true;
    out->dims_known = dims > 0;
    if (dims == 0) dims = dim;
    if (dims > dim || dims != 2 * floor(dims / 2))
        return fault_set(f, FAULT_INPUT,
                         "%s: RoPE cannot turn %g coordinates of a head of %d; an even number, at most %d",
                         rows_file_path(file), dims, dim, dim);
    out->to.n_rot = (int)dims;
    out->to.magnitude = (float)magnitude;
    bool ok = read_factors(file, (int)dims / 2, &factors, f);
    if (ok && !(rope_table_grow(&out->to, n_pos, (float)theta, factors) && reverse(&out->to, &out->from)))
        ok = fault_memory(f, "the RoPE table");
    free(factors);
    out->angles_known = ok;
    return ok;
}

void offline_rope_release(offline_rope *r)
{
    rope_table_release(&r->to);
    rope_table_release(&r->from);
}

void offline_rope_turn(const rope_table *t, float *rows, size_t n, size_t sequence, size_t dim)
{
    for (size_t i = 0; i < n; i++)
        rope_rotate(t, rows + i * dim, (int)(i % sequence));
}
