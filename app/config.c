#include "app/config.h"

#include <stdlib.h>
#include <string.h>

#include "app/config_adaptive.h"
#include "app/config_text.h"
#include "base/nearest.h"

typedef struct reader {
    const catalog *known;
    config *c;
    const char *line;
    size_t at;
    spec_grid *grid;
    fault *f;
    bool rope_given, adaptive_given;
    int adaptive; /* the mode, 0 for none */
    size_t adaptive_at;
} reader;

void config_free(config *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->n_exceptions; i++) {
        layers_free(&c->exceptions[i].list);
        spec_free(c->exceptions[i].spec[KVANT_K]);
        spec_free(c->exceptions[i].spec[KVANT_V]);
    }
    free(c->exceptions);
    spec_free(c->base[KVANT_K]);
    spec_free(c->base[KVANT_V]);
    free(c->line);
    free(c->text);
    free(c);
}

/* The key of KEY= at r->at, "" when no KEY= begins there, NULL with a message when it is none of ours. */
static const char *peek_key(reader *r)
{
    static const char *const keys[] = { "k", "v", "rope", "adaptive" };
    enum { KEYS = sizeof keys / sizeof *keys };
    const char *s = r->line + r->at;
    size_t n = expr_name_length(r->line, r->at);
    if (n == 0 || r->line[expr_skip_blanks(r->line, r->at + n)] != '=') return "";
    for (size_t i = 0; i < KEYS; i++)
        if (strlen(keys[i]) == n && memcmp(s, keys[i], n) == 0) return keys[i];
    char word[64];
    size_t kept = n < sizeof word ? n : sizeof word - 1;
    memcpy(word, s, kept);
    word[kept] = '\0';
    nearest near = nearest_to(word);
    for (size_t i = 0; i < KEYS; i++)
        nearest_try(&near, keys[i]);
    if (near.word)
        expr_fault(r->f, r->line, r->at, "no setting \"%s\"; did you mean \"%s\"?", word, near.word);
    else
        expr_fault(r->f, r->line, r->at, "no setting \"%s\"; there are k=, v=, rope= and adaptive=", word);
    return NULL;
}

/* Moves behind KEY and '='. */
static void take_key(reader *r, const char *key)
{
    r->at = expr_skip_blanks(r->line, expr_skip_blanks(r->line, r->at + strlen(key)) + 1);
}

/* Reads an expression for the streams in `streams` into each of their places in `into`. */
static bool read_codec(reader *r, int streams, spec *into[2], size_t begin)
{
    expr *e = expr_parse(r->line, &r->at, r->f);
    bool ok = e != NULL;
    for (int s = KVANT_K; ok && s <= KVANT_V; s++)
        if ((streams & 1 << s) && into[s])
            ok = expr_fault(r->f, r->line, begin, "a codec for %c is given twice", "kv"[s]);
    for (int s = KVANT_K; ok && s <= KVANT_V; s++) {
        if (!(streams & 1 << s)) continue;
        into[s] = spec_check(r->known, r->line, e, streams, r->grid, r->f);
        ok = into[s] != NULL;
    }
    expr_free(e);
    return ok;
}

/* k=CODEC, v=CODEC or CODEC. */
static bool read_item(reader *r, const char *key, spec *into[2])
{
    size_t begin = r->at;
    if (*key) take_key(r, key);
    int streams = *key == 'k' ? SPEC_FOR_K : *key == 'v' ? SPEC_FOR_V : SPEC_FOR_K | SPEC_FOR_V;
    return read_codec(r, streams, into, begin);
}

static config_exception *new_exception(reader *r)
{
    config *c = r->c;
    if (c->n_exceptions == CONFIG_EXCEPTIONS) {
        expr_fault(r->f, r->line, r->at, "more than %d exceptions", CONFIG_EXCEPTIONS);
        return NULL;
    }
    config_exception *grown = realloc(c->exceptions, (c->n_exceptions + 1) * sizeof *grown);
    if (!grown) {
        fault_memory(r->f, "the config's exceptions");
        return NULL;
    }
    c->exceptions = grown;
    c->exceptions[c->n_exceptions] = (config_exception){ 0 };
    return &c->exceptions[c->n_exceptions++];
}

static bool read_exception(reader *r)
{
    config_exception *x = new_exception(r);
    if (!x) return false;
    r->at++;
    if (!layers_parse(&x->list, r->line, &r->at, r->f)) return false;
    if (r->line[r->at] != ':') return expr_fault(r->f, r->line, r->at, "expected ':' after the layers, then codecs");
    for (bool more = true; more;) {
        r->at = expr_skip_blanks(r->line, r->at + 1);
        const char *key = peek_key(r);
        if (!key) return false;
        if (strcmp(key, "rope") == 0 || strcmp(key, "adaptive") == 0)
            return expr_fault(r->f, r->line, r->at, "%s= holds for all layers", key);
        if (!read_item(r, key, x->spec)) return false;
        more = r->line[r->at] == ',';
    }
    return true;
}

static bool read_rope(reader *r)
{
    if (r->rope_given) return expr_fault(r->f, r->line, r->at, "rope is given twice");
    r->rope_given = true;
    take_key(r, "rope");
    size_t n = expr_name_length(r->line, r->at);
    bool post = n == 4 && memcmp(r->line + r->at, "post", 4) == 0;
    if (!post && !(n == 3 && memcmp(r->line + r->at, "pre", 3) == 0))
        return expr_fault(r->f, r->line, r->at, "rope is pre or post");
    r->c->rope_post = post;
    r->at = expr_skip_blanks(r->line, r->at + n);
    return true;
}

static bool read_adaptive(reader *r)
{
    if (r->adaptive_given) return expr_fault(r->f, r->line, r->at, "adaptive is given twice");
    r->adaptive_given = true;
    r->adaptive_at = r->at;
    take_key(r, "adaptive");
    const char *from = r->line + r->at;
    const size_t digits = strspn(from, "0123456789");
    r->adaptive = digits == 1 ? *from - '0' : -1;
    if (digits == 0) return expr_fault(r->f, r->line, r->adaptive_at, "adaptive is a mode: 0, 1, 2, 5, 6 or 7");
    r->at = expr_skip_blanks(r->line, r->at + digits);
    return true;
}

/* k=CODEC, v=CODEC, CODEC, rope= or adaptive=. */
static bool read_setting(reader *r, const char *key)
{
    if (strcmp(key, "rope") == 0) return read_rope(r);
    if (strcmp(key, "adaptive") == 0) return read_adaptive(r);
    return read_item(r, key, r->c->base);
}

static bool read_items(reader *r)
{
    r->at = expr_skip_blanks(r->line, r->at);
    if (r->line[r->at] == '\0')
        return fault_set(r->f, FAULT_INPUT, "an empty config; expected a codec, like turbo4 or k=q8_0 v=turbo3");
    while (r->line[r->at] != '\0') {
        if (r->line[r->at] == ',')
            return expr_fault(r->f, r->line, r->at, "',' here; k=, v= and exceptions are separated by blanks");
        if (r->line[r->at] == '@') {
            if (!read_exception(r)) return false;
            continue;
        }
        const char *key = peek_key(r);
        if (!key) return false;
        if (!read_setting(r, key)) return false;
    }
    return true;
}

static bool complete_base(reader *r)
{
    for (int s = KVANT_K; s <= KVANT_V; s++) {
        if (r->c->base[s]) continue;
        r->c->base[s] = spec_parse(r->known, CONFIG_BASE, r->f);
        if (!r->c->base[s]) return fault_prefix(r->f, "%s: no codec for %c", r->line, "kv"[s]);
    }
    return true;
}

static void set_id(config *c)
{
    hash h;
    hash_start(&h);
    hash_bytes(&h, c->text, strlen(c->text));
    hash_finish(&h, c->id);
}

config *config_parse_grid(const catalog *known, const char *line, spec_grid *grid, fault *f)
{
    if (!expr_fits(line, f)) return NULL;
    config *c = calloc(1, sizeof *c);
    char *copy = strdup(line);
    if (!c || !copy) {
        free(c);
        free(copy);
        fault_memory(f, "a config");
        return NULL;
    }
    c->line = copy;
    reader r = { .known = known, .c = c, .line = copy, .grid = grid, .f = f };
    if (read_items(&r) && complete_base(&r) && config_adaptive(c, known, r.adaptive, r.adaptive_at, f) &&
        (c->text = config_text(c, f)) != NULL) {
        set_id(c);
        return c;
    }
    config_free(c);
    return NULL;
}

config *config_parse(const catalog *known, const char *line, fault *f)
{
    return config_parse_grid(known, line, NULL, f);
}
