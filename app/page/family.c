#include "app/page/family.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The name that an expression begins with; returns its length. */
static size_t read_name(const char *expression, char name[FAMILY_NAME])
{
    size_t n = 0;
    while (isalnum((unsigned char)expression[n]) || expression[n] == '_')
        n++;
    snprintf(name, FAMILY_NAME, "%.*s", (int)(n < FAMILY_NAME ? n : FAMILY_NAME - 1), expression);
    return n;
}

/* What a wrapper holds: its first argument when that is a codec, else what it holds unless told. */
static const char *inside(const char *after_name, const catalog_param *inner)
{
    if (*after_name != '(') return inner->inner;
    size_t n = 1;
    while (isalnum((unsigned char)after_name[n]) || after_name[n] == '_')
        n++;
    return n > 1 && after_name[n] != '=' ? after_name + 1 : inner->inner;
}

void family_of(const catalog *known, const store_run *run, char name[FAMILY_NAME])
{
    enum { DEEPEST = 16 };
    const char *at = strcmp(run->config.k, "f16") == 0 ? run->config.v : run->config.k;
    for (int depth = 0; depth < DEEPEST && at; depth++) {
        size_t n = read_name(at, name);
        const catalog_codec *codec = known ? catalog_find(known, name) : NULL;
        if (!codec) break;
        const catalog_param *inner = catalog_inner(codec);
        snprintf(name, FAMILY_NAME, "%s", codec->family);
        at = inner ? inside(at + n, inner) : NULL;
    }
    if (!*name) snprintf(name, FAMILY_NAME, "other");
}
