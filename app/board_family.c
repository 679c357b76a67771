/* Which family of codecs does most in a config. */
#include "app/board_parts.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH = 32 }; /* codecs in codecs */

static const board_codec *codec_named(const board *b, const char *name, size_t n)
{
    for (size_t i = 0; i < b->n_codecs; i++)
        if (strlen(b->codecs[i].name) == n && memcmp(b->codecs[i].name, name, n) == 0) return &b->codecs[i];
    return NULL;
}

static bool is_family(const board *b, const board_codec *c, const char *name)
{
    return strcmp(texts_at(b->families, c->family), name) == 0;
}

/* The codec that keeps the numbers: inside all wrappers. A canonical expression has the inner codec first and without
 * its key, or not at all when it is the default. */
static const board_codec *innermost(const board *b, const char *text)
{
    const board_codec *c = NULL;
    for (int depth = 0; depth < DEPTH; depth++) {
        size_t n = strcspn(text, "(,)");
        const board_codec *found = codec_named(b, text, n);
        if (!found) return c;
        c = found;
        if (!c->inner || !is_family(b, c, "wrapper")) return c;
        const char *inner = text[n] == '(' ? text + n + 1 : "";
        text = codec_named(b, inner, strcspn(inner, "(,)")) ? inner : c->inner;
    }
    return c;
}

void board_set_family(const board *b, board_entry *e)
{
    const board_codec *k = innermost(b, e->k), *v = innermost(b, e->v);
    if (!k || (v && is_family(b, k, "exact"))) k = v;
    e->row.family = k ? k->family : BOARD_NO_FAMILY;
}

void board_drop_codecs(board *b)
{
    for (size_t i = 0; i < b->n_codecs; i++) {
        free(b->codecs[i].name);
        free(b->codecs[i].inner);
    }
    free(b->codecs);
    b->codecs = NULL;
    b->n_codecs = 0;
}

void board_families(board *b, const catalog *known)
{
    board_drop_codecs(b);
    b->codecs = calloc(known->n_codecs + 1, sizeof *b->codecs);
    for (size_t i = 0; b->codecs && i < known->n_codecs; i++) {
        const catalog_codec *from = known->codecs[i];
        const catalog_param *inner = catalog_inner(from);
        board_codec c = { .name = strdup(from->name),
                          .inner = inner ? strdup(inner->inner ? inner->inner : "") : NULL,
                          .family = texts_keep(b->families, from->family) };
        if (c.name && c.family >= 0 && (c.inner || !inner)) {
            b->codecs[b->n_codecs++] = c;
            continue;
        }
        free(c.name); /* without memory a codec has no colour */
        free(c.inner);
    }
    for (size_t i = 0; i < b->all.n; i++)
        board_set_family(b, b->all.at[i]);
    b->changes++;
}

const char *board_family_name(const board *b, int family)
{
    return family >= 0 && family < texts_n(b->families) ? texts_at(b->families, family) : "";
}
