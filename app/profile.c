#include "app/profile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { LONGEST_NAME = 64 };

/* ---- names ---- */

static size_t name_length(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || (n && s[n] && strchr("-_.", s[n])))
        n++;
    return isalpha((unsigned char)s[0]) ? n : 0;
}

bool profile_check_name(const char *name, fault *f)
{
    size_t n = strlen(name);
    if (n > 0 && n <= LONGEST_NAME && name_length(name) == n) return true;
    return fault_set(f, FAULT_USAGE,
                     "\"%.80s\" is no name for a profile: a letter, then letters, digits, '-', '_' and '.', at most %d",
                     name, LONGEST_NAME);
}

typedef struct neighbour {
    nearest near;
    char name[LONGEST_NAME + 1];
} neighbour;

static bool try_name(void *arg, const store_profile *p)
{
    neighbour *n = arg;
    const size_t before = n->near.word ? n->near.distance : SIZE_MAX;
    nearest_try(&n->near, p->name);
    if (n->near.word && n->near.distance < before) snprintf(n->name, sizeof n->name, "%s", p->name);
    if (n->near.word) n->near.word = n->name;
    return true;
}

store_profile *profile_need(store *s, const char *name, fault *f)
{
    bool there;
    fault why = { 0 };
    store_profile *p = store_get_profile(s, name, &there, &why);
    if (p) return p;
    neighbour n = { .near = nearest_to(name) };
    if (!why.code) store_each_profile(s, try_name, &n, NULL);
    if (why.code && f)
        *f = why;
    else if (n.near.word)
        fault_set(f, FAULT_INPUT, "there is no profile \"%.64s\"; did you mean \"%s\"?", name, n.near.word);
    else
        fault_set(f, FAULT_INPUT, "there is no profile \"%.64s\"; `kvant profile` lists them", name);
    return NULL;
}

/* ---- putting one together ---- */

static const char *codecs_of(const config *base, const profile_layer *l, char **own, fault *f)
{
    if (l->codecs) return l->codecs;
    const char *k = base->base[KVANT_K]->text, *v = base->base[KVANT_V]->text;
    const size_t size = strlen(k) + strlen(v) + sizeof "k=,v=";
    *own = malloc(size);
    if (!*own) fault_memory(f, "a profile's layers");
    if (*own) snprintf(*own, size, "k=%s,v=%s", k, v);
    return *own;
}

static bool write_layers(FILE *to, const config *base, const profile_source *p, fault *f)
{
    fputs(base->text, to);
    for (size_t i = 0; i < p->n_layers; i++) {
        char *own = NULL;
        const char *codecs = codecs_of(base, &p->layers[i], &own, f);
        if (codecs) fprintf(to, " @%s:%s", p->layers[i].layers, codecs);
        free(own);
        if (!codecs) return false;
    }
    return true;
}

config *profile_compose(const catalog *known, const profile_source *p, fault *f)
{
    config *base = config_parse(known, p->base, f);
    if (!base || p->n_layers == 0) return base;
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    bool ok = to ? write_layers(to, base, p, f) : fault_memory(f, "a profile");
    if (to && fclose(to) != 0 && ok) ok = fault_memory(f, "a profile");
    config *c = ok ? config_parse(known, text, f) : NULL;
    free(text);
    config_free(base);
    return c;
}

bool profile_save(store *s, const catalog *known, const profile_source *p, fault *f)
{
    if (!profile_check_name(p->name, f)) return false;
    config *c = profile_compose(known, p, f);
    bool ok = c && store_save_profile(s, &(store_profile){ p->name, c->text, p->model, p->note, 0 }, f);
    config_free(c);
    return ok;
}

/* ---- profile=NAME in a config ---- */

static const char key[] = "profile";

/* Where the next "profile =" stands at or after `at`, as an item of its own; NULL: nowhere. *name: behind it. */
static const char *next_item(const char *text, const char *at, const char **name)
{
    for (; (at = strstr(at, key)); at++) {
        const char *equals = at + strlen(key);
        equals += strspn(equals, " \t");
        if ((at > text && !isspace((unsigned char)at[-1])) || *equals != '=') continue;
        *name = equals + 1 + strspn(equals + 1, " \t");
        return at;
    }
    return NULL;
}

bool profile_named_in(const char *config_text)
{
    const char *name;
    return next_item(config_text, config_text, &name) != NULL;
}

static bool put_profile(FILE *to, store *s, const char *text, const char **name, fault *f)
{
    char word[LONGEST_NAME + 1];
    const size_t n = name_length(*name);
    if (n == 0 || n > LONGEST_NAME || !strchr(" \t\r\n", (*name)[n]))
        return fault_set(f, FAULT_INPUT, "%.200s: expected a profile's name behind profile= (column %td)", text,
                         *name - text + 1);
    snprintf(word, sizeof word, "%.*s", (int)n, *name);
    store_profile *p = profile_need(s, word, f);
    if (!p) return false;
    fputs(p->config, to);
    free(p);
    *name += n;
    return true;
}

bool profile_expand_from(store *s, const char *text, char **out, fault *f)
{
    size_t size;
    *out = NULL;
    FILE *to = open_memstream(out, &size);
    bool ok = to || fault_memory(f, "a config");
    const char *from = text, *name;
    for (const char *at; ok && (at = next_item(text, from, &name)); from = name) {
        fwrite(from, 1, (size_t)(at - from), to);
        ok = put_profile(to, s, text, &name, f);
    }
    if (ok) fputs(from, to);
    if (to && fclose(to) != 0 && ok) ok = fault_memory(f, "a config");
    if (ok) return true;
    free(*out);
    *out = NULL;
    return false;
}
