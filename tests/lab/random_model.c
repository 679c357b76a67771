/* random_model OUT NAME=NUMBER...: a qwen2 model with random weights, of any shape, so that what depends on shape alone
 * (memory, time) can be measured without a model of that size at hand.
 *
 *     random_model /tmp/half-a-billion.gguf layers=24 embd=896 ff=4864 heads=14 kv=2 vocab=151936 ctx=32768
 *
 * Weights are Q8_0, with type=1 F16, with type=12 Q4_K (ggml's numbers).
 *
 * The tokenizer knows ASCII, a character a token, so that any English text will do; `self` texts take a while.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"

enum { ALIGNMENT = 32, F32 = 0, F16 = 1, Q8_0 = 8, Q4_K = 12, U32 = 4, FLOAT = 6, INT = 5, STRING = 8, ARRAY = 9 };
enum { LAYERS, EMBD, FF, HEADS, KV, VOCAB, CTX, TYPE, SIZES };

static struct {
    const char *name;
    long value;
} sizes[SIZES] = {
    [LAYERS] = { "layers", 2 }, [EMBD] = { "embd", 64 },    [FF] = { "ff", 128 },    [HEADS] = { "heads", 2 },
    [KV] = { "kv", 1 },         [VOCAB] = { "vocab", 512 }, [CTX] = { "ctx", 4096 }, [TYPE] = { "type", Q8_0 },
};

/* A block of weights: f16 of scales, then random bytes. */
static const struct kind {
    long type;
    long values;
    size_t scales, random;
    float scale[2]; /* so that weights have a variance of 4 when the row's length is 1 */
} kinds[] = {
    { F16, 1, 1, 0, { 0 } }, /* a number of its own */
    { Q8_0, 32, 1, 32, { 2.0f / 73 } },
    { Q4_K, 256, 2, 140, { 2.0f / 256, 7.5f * 2 / 256 } },
};
static const struct kind *kind = kinds;

static uint64_t state = 1;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* ---- the header ---- */

static void number(FILE *out, uint64_t value, size_t bytes)
{
    fwrite(&value, bytes, 1, out); /* little-endian, as the machines kvant runs on */
}

static void text(FILE *out, const char *s)
{
    number(out, strlen(s), 8);
    fwrite(s, 1, strlen(s), out);
}

static void key_u32(FILE *out, const char *name, long value)
{
    text(out, name);
    number(out, U32, 4);
    number(out, (uint64_t)value, 4);
}

static void key_f32(FILE *out, const char *name, float value)
{
    text(out, name);
    number(out, FLOAT, 4);
    fwrite(&value, sizeof value, 1, out);
}

static void key_text(FILE *out, const char *name, const char *value)
{
    text(out, name);
    number(out, STRING, 4);
    text(out, value);
}

static void key_array(FILE *out, const char *name, unsigned element)
{
    text(out, name);
    number(out, ARRAY, 4);
    number(out, element, 4);
    number(out, (uint64_t)sizes[VOCAB].value, 8);
}

/* The special ones, the space as it is written, the other characters, and names that no text has. */
static void token(FILE *out, long i)
{
    static const char *const first[] = { "<unk>", "<s>", "</s>", "\xe2\x96\x81", "\n" };
    enum { N_FIRST = sizeof first / sizeof *first, LEAST = 33, MOST = 126 };
    char name[32];
    const long character = i - N_FIRST + LEAST;
    if (character <= MOST)
        snprintf(name, sizeof name, "%c", (char)character);
    else
        snprintf(name, sizeof name, "t%ld", i);
    text(out, i < N_FIRST ? first[i] : name);
}

enum { N_KEYS = 16 };

static void write_keys(FILE *out)
{
    const long dim = sizes[EMBD].value / sizes[HEADS].value;
    key_text(out, "general.architecture", "qwen2");
    key_text(out, "general.name", "random");
    key_u32(out, "qwen2.block_count", sizes[LAYERS].value);
    key_u32(out, "qwen2.context_length", sizes[CTX].value);
    key_u32(out, "qwen2.embedding_length", sizes[EMBD].value);
    key_u32(out, "qwen2.feed_forward_length", sizes[FF].value);
    key_u32(out, "qwen2.attention.head_count", sizes[HEADS].value);
    key_u32(out, "qwen2.attention.head_count_kv", sizes[KV].value);
    key_u32(out, "qwen2.attention.key_length", dim);
    key_u32(out, "qwen2.attention.value_length", dim);
    key_f32(out, "qwen2.attention.layer_norm_rms_epsilon", 1e-6f);
    key_f32(out, "qwen2.rope.freq_base", 1e6f);
    key_text(out, "tokenizer.ggml.model", "llama");
    key_array(out, "tokenizer.ggml.tokens", STRING);
    for (long i = 0; i < sizes[VOCAB].value; i++)
        token(out, i);
    key_array(out, "tokenizer.ggml.scores", FLOAT);
    for (long i = 0; i < sizes[VOCAB].value; i++)
        number(out, 0, 4);
    key_array(out, "tokenizer.ggml.token_type", INT);
    for (long i = 0; i < sizes[VOCAB].value; i++)
        number(out, i == 0 ? 2 : i < 3 ? 3 : 1, 4); /* unknown, control, normal */
}

/* ---- tensors ---- */

typedef struct tensor {
    char name[48];
    long in, out; /* out 0: a vector */
    float centre; /* of a vector */
} tensor;

static size_t bytes_of(const tensor *t)
{
    if (t->out == 0) return (size_t)t->in * sizeof(float);
    return (size_t)t->out * (size_t)(t->in / kind->values) * (kind->scales * sizeof(uint16_t) + kind->random);
}

static size_t aligned(size_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t list_layer(tensor *t, int layer)
{
    const long embd = sizes[EMBD].value, ff = sizes[FF].value, kv = embd / sizes[HEADS].value * sizes[KV].value;
    const struct {
        const char *name;
        long in, out;
        float centre;
    } parts[] = {
        { "attn_norm.weight", embd, 0, 1 }, { "attn_q.weight", embd, embd, 0 },
        { "attn_q.bias", embd, 0, 0 },      { "attn_k.weight", embd, kv, 0 },
        { "attn_k.bias", kv, 0, 0 },        { "attn_v.weight", embd, kv, 0 },
        { "attn_v.bias", kv, 0, 0 },        { "ffn_norm.weight", embd, 0, 1 },
        { "ffn_gate.weight", embd, ff, 0 }, { "attn_output.weight", embd, embd, 0 },
        { "ffn_up.weight", embd, ff, 0 },   { "ffn_down.weight", ff, embd, 0 },
    };
    const size_t n = sizeof parts / sizeof *parts;
    for (size_t i = 0; i < n; i++) {
        t[i] = (tensor){ .in = parts[i].in, .out = parts[i].out, .centre = parts[i].centre };
        snprintf(t[i].name, sizeof t[i].name, "blk.%d.%s", layer, parts[i].name);
    }
    return n;
}

enum { PER_LAYER = 12 };

static tensor *list_tensors(size_t *n)
{
    tensor *all = calloc((size_t)sizes[LAYERS].value * PER_LAYER + 2, sizeof *all);
    if (!all) return NULL;
    all[0] = (tensor){ "token_embd.weight", sizes[EMBD].value, sizes[VOCAB].value, 0 };
    all[1] = (tensor){ "output_norm.weight", sizes[EMBD].value, 0, 1 };
    *n = 2;
    for (int il = 0; il < sizes[LAYERS].value; il++)
        *n += list_layer(all + *n, il);
    return all;
}

static void describe(FILE *out, const tensor *t, size_t n)
{
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        text(out, t[i].name);
        number(out, t[i].out ? 2 : 1, 4);
        number(out, (uint64_t)t[i].in, 8);
        if (t[i].out) number(out, (uint64_t)t[i].out, 8);
        number(out, t[i].out ? (uint64_t)kind->type : F32, 4);
        number(out, offset, 8);
        offset = aligned(offset + bytes_of(&t[i]));
    }
}

static void pad(FILE *out)
{
    while (ftell(out) % ALIGNMENT)
        fputc(0, out);
}

static float uniform(void) /* from -1 to 1 */
{
    return (float)(draw() >> 40) * 0x1p-23f - 1;
}

/* Rows whose products with a normalised row have a variance of about 4. */
static void write_matrix(FILE *out, const tensor *t)
{
    const float one = 1 / sqrtf((float)t->in);
    for (long left = t->in / kind->values * t->out; left > 0; left--) {
        for (size_t i = 0; i < kind->scales; i++) {
            const uint16_t half = half_from_float(one * (kind->type == F16 ? 3.46f * uniform() : kind->scale[i]));
            fwrite(&half, sizeof half, 1, out);
        }
        for (size_t n = kind->random; n > 0; n -= n < 8 ? n : 8)
            number(out, draw(), n < 8 ? n : 8);
    }
}

static void write_vector(FILE *out, const tensor *t)
{
    for (long i = 0; i < t->in; i++) {
        const float x = t->centre + 0.1f * uniform();
        fwrite(&x, sizeof x, 1, out);
    }
}

static bool write_model(FILE *out)
{
    size_t n;
    tensor *all = list_tensors(&n);
    if (!all) return false;
    fwrite("GGUF", 4, 1, out);
    number(out, 3, 4);
    number(out, n, 8);
    number(out, N_KEYS, 8);
    write_keys(out);
    describe(out, all, n);
    for (size_t i = 0; i < n; i++) {
        pad(out);
        (all[i].out ? write_matrix : write_vector)(out, &all[i]);
    }
    free(all);
    return !ferror(out);
}

static bool read_size(const char *word)
{
    for (int i = 0; i < SIZES; i++) {
        const size_t n = strlen(sizes[i].name);
        char *end;
        if (strncmp(word, sizes[i].name, n) != 0 || word[n] != '=') continue;
        sizes[i].value = strtol(word + n + 1, &end, 10);
        return *end == '\0' && sizes[i].value > 0 && sizes[i].value <= 1 << 24;
    }
    return false;
}

int main(int argc, char **argv)
{
    if (argc < 2) return fprintf(stderr, "random_model OUT NAME=NUMBER...\n"), 2;
    for (int i = 2; i < argc; i++)
        if (!read_size(argv[i])) return fprintf(stderr, "random_model: %s?\n", argv[i]), 2;
    const struct kind *const end = kinds + sizeof kinds / sizeof *kinds;
    while (kind < end && kind->type != sizes[TYPE].value)
        kind++;
    if (kind == end) return fprintf(stderr, "random_model: weights of type %ld?\n", sizes[TYPE].value), 2;
    if (sizes[EMBD].value % kind->values || sizes[FF].value % kind->values || sizes[EMBD].value % sizes[HEADS].value)
        return fprintf(stderr, "random_model: embd and ff are multiples of %ld, embd of heads\n", kind->values), 2;
    FILE *out = fopen(argv[1], "wb");
    const bool ok = out && write_model(out);
    if (!out || fclose(out) || !ok) return perror(argv[1]), 1;
    return 0;
}
