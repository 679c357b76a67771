#include "app/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 32 }; /* codecs in codecs */

typedef struct member {
    char *name, *inner; /* inner: what a wrapper holds when nothing is said; NULL: it holds nothing */
    int family;
} member;

struct families {
    member *members;
    size_t n;
    char **names; /* of families, in the order in which the catalog has them */
    size_t n_names;
};

/* ---- making ---- */

/* The family's number, a new one for a new family; FAMILY_NONE without memory. */
static int number_of(families *f, const char *name)
{
    size_t i = 0;
    while (i < f->n_names && strcmp(f->names[i], name) != 0)
        i++;
    if (i < f->n_names) return (int)i;
    f->names[i] = strdup(name);
    return f->names[i] ? (int)f->n_names++ : FAMILY_NONE;
}

static bool add(families *f, const catalog_codec *from)
{
    const catalog_param *inner = catalog_inner(from);
    member *m = &f->members[f->n++];
    *m = (member){ .name = strdup(from->name),
                   .inner = inner ? strdup(inner->inner ? inner->inner : "") : NULL,
                   .family = number_of(f, from->family) };
    return m->name && (m->inner || !inner) && m->family != FAMILY_NONE;
}

families *families_make(const catalog *known, fault *f)
{
    const size_t n = known ? known->n_codecs : 0;
    families *all = calloc(1, sizeof *all);
    if (all) {
        all->members = calloc(n + 1, sizeof *all->members);
        all->names = calloc(n + 1, sizeof *all->names);
    }
    bool ok = all && all->members && all->names;
    for (size_t i = 0; ok && i < n; i++)
        ok = add(all, known->codecs[i]);
    if (ok) return all;
    families_free(all);
    fault_memory(f, "the families of codecs");
    return NULL;
}

void families_free(families *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->n; i++) {
        free(f->members[i].name);
        free(f->members[i].inner);
    }
    for (size_t i = 0; i < f->n_names; i++)
        free(f->names[i]);
    free(f->members);
    free(f->names);
    free(f);
}

/* ---- asking ---- */

static size_t name_length(const char *expression)
{
    return strcspn(expression, "(,)");
}

static const member *named(const families *f, const char *name, size_t n)
{
    for (size_t i = 0; i < f->n; i++)
        if (strlen(f->members[i].name) == n && memcmp(f->members[i].name, name, n) == 0) return &f->members[i];
    return NULL;
}

static bool is_of(const families *f, const member *m, const char *family)
{
    return strcmp(f->names[m->family], family) == 0;
}

/* The codec that keeps the numbers: inside all wrappers. A canonical expression has the inner codec first and without
 * its key, or not at all when it is the default. */
static const member *innermost(const families *f, const char *text)
{
    const member *m = NULL;
    for (int depth = 0; depth < DEPTH; depth++) {
        const size_t n = name_length(text);
        const member *found = named(f, text, n);
        if (!found) return m;
        m = found;
        if (!m->inner || !is_of(f, m, "wrapper")) return m;
        const char *inner = text[n] == '(' ? text + n + 1 : "";
        text = named(f, inner, name_length(inner)) ? inner : m->inner;
    }
    return m;
}

int families_of(const families *f, const char *k, const char *v)
{
    const member *of_k = innermost(f, k), *of_v = innermost(f, v);
    if (!of_k || (of_v && is_of(f, of_k, "exact"))) of_k = of_v;
    return of_k ? of_k->family : FAMILY_NONE;
}

const char *families_name(const families *f, int family)
{
    return family >= 0 && (size_t)family < f->n_names ? f->names[family] : "";
}

void families_label(const families *f, const char *k, const char *v, char label[FAMILY_LABEL])
{
    const char *own = strcmp(k, "f16") == 0 ? v : k;
    const int family = families_of(f, k, v);
    if (family != FAMILY_NONE)
        snprintf(label, FAMILY_LABEL, "%s", families_name(f, family));
    else
        snprintf(label, FAMILY_LABEL, "%.*s", (int)name_length(own), *own ? own : "other");
    if (!*label) strcpy(label, "other");
}
