#include "app/memory_shape.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "kvant/codec.h"

enum { CTX_MOST = 1 << 30, HEADS_MOST = 1 << 14, DIM_MOST = 1 << 16 };

/* ---- the words ---- */

enum { LAYERS, KV, DIM, VDIM, WINDOWS, ATTENTION, CTX_TRAIN, NAME, WORDS };
static const struct {
    const char *name;
    long long max; /* of its numbers */
} known_words[WORDS] = {
    [LAYERS] = { "layers", MEMORY_LAYERS },
    [KV] = { "kv", HEADS_MOST },
    [DIM] = { "dim", DIM_MOST },
    [VDIM] = { "vdim", DIM_MOST },
    [WINDOWS] = { "windows", CTX_MOST },
    [ATTENTION] = { "attention", 0 },
    [CTX_TRAIN] = { "ctx_train", CTX_MOST },
    [NAME] = { "name", 0 },
};

typedef struct description {
    char *letters;            /* the text, cut into words */
    const char *value[WORDS]; /* NULL: not given */
} description;

static int word_of(const char *text)
{
    const size_t n = strcspn(text, "=");
    for (int i = 0; text[n] && i < WORDS; i++)
        if (strlen(known_words[i].name) == n && memcmp(known_words[i].name, text, n) == 0) return i;
    return -1;
}

bool memory_shape_described(const char *text)
{
    return word_of(text + strspn(text, " \t")) >= 0;
}

static bool unknown_word(char *word, fault *f)
{
    char *end = strchr(word, '=');
    if (end) *end = '\0';
    nearest near = nearest_to(word);
    for (int i = 0; i < WORDS; i++)
        nearest_try(&near, known_words[i].name);
    if (near.word)
        return fault_set(f, FAULT_INPUT, "a model's description has no \"%.60s\"; did you mean \"%s\"?", word,
                         near.word);
    return fault_set(f, FAULT_INPUT,
                     "a model's description has no \"%.60s\": it is made of layers=, kv=, dim=, vdim=, windows=, "
                     "attention=, ctx_train= and name=",
                     word);
}

static bool take_word(description *d, char *word, char **rest, fault *f)
{
    const int i = word_of(word);
    if (i < 0) return unknown_word(word, f);
    if (d->value[i]) return fault_set(f, FAULT_INPUT, "a model's description has %s= twice", known_words[i].name);
    if (i == NAME && *rest) {
        (*rest)[-1] = ' '; /* the word's end was a blank of the name */
        *rest = NULL;
    }
    d->value[i] = strchr(word, '=') + 1;
    return *d->value[i] || fault_set(f, FAULT_INPUT, "nothing stands behind %s=", known_words[i].name);
}

static bool cut(description *d, fault *f)
{
    char *rest = d->letters, *word;
    while ((word = strsep(&rest, " \t\n")))
        if (*word && !take_word(d, word, &rest, f)) return false;
    for (int i = LAYERS; i <= DIM; i++)
        if (!d->value[i])
            return fault_set(f, FAULT_INPUT, "the description says no %s=: layers=, kv= and dim= are needed",
                             known_words[i].name);
    return true;
}

/* ---- numbers ---- */

/* One number at *at, at most max. */
static bool number_at(int word, const char **at, int *value, fault *f)
{
    char *end;
    const char *text = *at;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    const int shift = *end == 'k' ? 10 : *end == 'M' ? 20 : 0;
    const bool is_number = *text >= '0' && *text <= '9' && errno == 0;
    if (is_number && n <= known_words[word].max) n <<= shift;
    if (!is_number || n > known_words[word].max)
        return fault_set(f, FAULT_INPUT, "%s=%.60s: expected a number, 0 to %lld", known_words[word].name, text,
                         known_words[word].max);
    *value = (int)n;
    *at = end + (shift > 0);
    return true;
}

static bool whole(const description *d, int word, int *value, fault *f)
{
    const char *at = d->value[word];
    if (!at) return true;
    if (!number_at(word, &at, value, f)) return false;
    return (*at == '\0' && *value > 0) ||
           fault_set(f, FAULT_INPUT, "%s=%.60s: expected one number above 0", known_words[word].name, d->value[word]);
}

/* Tells a number of every layer to its place: one for all, or runs that come to all of them. */
static bool spread(const description *d, int word, memory_shape *s, size_t offset, fault *f)
{
    const char *at = d->value[word];
    int n = 0;
    while (*at) {
        int value, times = 1;
        if (!number_at(word, &at, &value, f)) return false;
        const bool alone = n == 0 && *at == '\0';
        if (*at == '*') {
            at++;
            char *end;
            const long long said = strtoll(at, &end, 10);
            times = said > 0 && said <= s->n_blocks - n ? (int)said : 0;
            at = end;
        } else if (alone) {
            times = s->n_blocks;
        }
        if (times < 1 || times > s->n_blocks - n || (*at && (*at != ',' || !at[1])))
            return fault_set(f, FAULT_INPUT, "%s=%.60s: expected one number, or runs like 8*20,4*20 for the %d layers",
                             known_words[word].name, d->value[word], s->n_blocks);
        for (int i = 0; i < times; i++)
            memcpy((char *)&s->layers[n++] + offset, &value, sizeof value);
        if (*at == ',') at++;
    }
    return n == s->n_blocks || fault_set(f, FAULT_INPUT, "%s=%.60s is for %d layers, but there are %d",
                                         known_words[word].name, d->value[word], n, s->n_blocks);
}

/* "5/6" behind the text: 5 of every 6. */
static bool share(const char *text, int *part, int *of)
{
    char end;
    return sscanf(text, "%6d/%6d%c", part, of, &end) == 2 && *part >= 0 && *of >= 1 && *part <= *of &&
           strspn(text, "0123456789/") == strlen(text);
}

static bool set_windows(const description *d, memory_shape *s, fault *f)
{
    const char *text = d->value[WINDOWS];
    if (!text || !strchr(text, ':')) return !text || spread(d, WINDOWS, s, offsetof(memory_layer, window), f);
    const char *at = text;
    int window, part, of;
    if (!number_at(WINDOWS, &at, &window, f)) return false;
    if (*at != ':' || window < 1 || !share(at + 1, &part, &of))
        return fault_set(f, FAULT_INPUT, "windows=%.60s: expected tokens and a share of the layers, like 1024:5/6",
                         text);
    for (int i = 0; i < s->n_blocks; i++)
        s->layers[i].window = i % of < part ? window : 0;
    return true;
}

static bool set_attention(const description *d, memory_shape *s, fault *f)
{
    const char *text = d->value[ATTENTION];
    int part, of;
    if (!text) return true;
    if (!share(text, &part, &of))
        return fault_set(f, FAULT_INPUT, "attention=%.60s: expected a share of the layers, like 1/4", text);
    for (int i = 0; i < s->n_blocks; i++)
        if (i % of < of - part) s->layers[i].heads = 0;
    return true;
}

/* ---- the whole ---- */

static bool fill(const description *d, memory_shape *s, fault *f)
{
    const size_t k_dim = offsetof(memory_layer, dim) + KVANT_K * sizeof(int);
    const size_t v_dim = offsetof(memory_layer, dim) + KVANT_V * sizeof(int);
    return whole(d, LAYERS, &s->n_blocks, f) && whole(d, CTX_TRAIN, &s->ctx_train, f) &&
           spread(d, KV, s, offsetof(memory_layer, heads), f) && spread(d, DIM, s, k_dim, f) &&
           spread(d, d->value[VDIM] ? VDIM : DIM, s, v_dim, f) && set_windows(d, s, f) && set_attention(d, s, f);
}

bool memory_shape_keep_layers(memory_shape *s, fault *f)
{
    enum { VALUES_MOST = 1 << 18 };
    s->n_layers = 0;
    for (int i = 0; i < s->n_blocks; i++) {
        const memory_layer l = s->layers[i];
        const int dim = l.dim[KVANT_K] > l.dim[KVANT_V] ? l.dim[KVANT_K] : l.dim[KVANT_V];
        if ((int64_t)l.heads * dim > VALUES_MOST)
            return fault_set(f, FAULT_INPUT, "layer %d: %d kv heads of %d make more than %d values a token", i, l.heads,
                             dim, VALUES_MOST);
        if (l.heads > 0 && l.dim[KVANT_K] > 0) s->layers[s->n_layers++] = l;
    }
    return s->n_layers > 0 || fault_set(f, FAULT_INPUT, "no layer keeps keys and values");
}

bool memory_shape_parse(const char *text, memory_shape *s, fault *f)
{
    description d = { .letters = strdup(text) };
    *s = (memory_shape){ 0 };
    bool ok = (d.letters || fault_memory(f, "a description")) && cut(&d, f) && fill(&d, s, f);
    if (ok && d.value[NAME]) snprintf(s->name, sizeof s->name, "%.90s", d.value[NAME]);
    ok = ok && memory_shape_keep_layers(s, f);
    free(d.letters);
    return ok;
}

bool memory_shape_of_model(const model_shape *m, memory_shape *s, fault *f)
{
    *s = (memory_shape){ .n_blocks = m->n_layers, .n_layers = m->n_layers, .ctx_train = m->n_ctx };
    if (s->n_layers > MEMORY_LAYERS)
        return fault_set(f, FAULT_INPUT, "%s has %d layers, at most %d are counted", m->name, s->n_layers,
                         MEMORY_LAYERS);
    snprintf(s->name, sizeof s->name, "%s", m->name);
    for (int i = 0; i < s->n_layers; i++)
        s->layers[i] = (memory_layer){ m->n_kv_heads, { m->head_dim, m->head_dim }, model_window(m, i) };
    return true;
}

int memory_layer_rows(const memory_layer *l, int ctx)
{
    return l->window > 0 && l->window < ctx ? l->window : ctx;
}

/* ---- writing ---- */

typedef struct writer {
    char *text;
    size_t n;
} writer;

static void put(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(writer *w, const char *format, ...)
{
    if (w->n >= MEMORY_TEXT) return;
    const size_t room = MEMORY_TEXT - w->n;
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(w->text + w->n, room, format, list);
    va_end(list);
    w->n = n < 0 || (size_t)n >= room ? MEMORY_TEXT : w->n + (size_t)n;
}

static void put_list(writer *w, const memory_shape *s, const char *name, size_t offset)
{
    for (int i = 0, next; i < s->n_layers; i = next) {
        int value, other;
        memcpy(&value, (const char *)&s->layers[i] + offset, sizeof value);
        for (next = i + 1; next < s->n_layers; next++) {
            memcpy(&other, (const char *)&s->layers[next] + offset, sizeof other);
            if (other != value) break;
        }
        put(w, "%s%d", i == 0 ? name : ",", value);
        if (next - i > 1 && next - i < s->n_layers) put(w, "*%d", next - i);
    }
}

bool memory_shape_write(const memory_shape *s, char text[MEMORY_TEXT], fault *f)
{
    static const struct {
        const char *name;
        size_t offset;
    } lists[] = {
        { " kv=", offsetof(memory_layer, heads) },
        { " dim=", offsetof(memory_layer, dim) + KVANT_K * sizeof(int) },
        { " vdim=", offsetof(memory_layer, dim) + KVANT_V * sizeof(int) },
        { " windows=", offsetof(memory_layer, window) },
    };
    writer w = { .text = text };
    put(&w, "layers=%d", s->n_layers);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        put_list(&w, s, lists[i].name, lists[i].offset);
    if (s->ctx_train > 0) put(&w, " ctx_train=%d", s->ctx_train);
    return w.n < MEMORY_TEXT ||
           fault_set(f, FAULT_INPUT, "the layers differ too much to be described in %d bytes", MEMORY_TEXT - 1);
}
