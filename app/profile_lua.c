/* A profile as the Lua that makes it. */
#include "app/profile_view.h"

#include <string.h>

/* In double quotes; bytes above ASCII stay, a line's end and other control characters get their number. */
static void put_string(FILE *to, const char *text)
{
    putc('"', to);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            fprintf(to, "\\%03d", (unsigned char)*c);
        else
            putc(*c, to);
    }
    putc('"', to);
}

/* A Lua table has no order: exceptions go into one where their order means nothing, which is so unless a middle may lie
 * over others. */
static bool order_matters(const config *c)
{
    for (size_t i = 0; c->n_exceptions > 1 && i < c->n_exceptions; i++)
        for (size_t j = 0; j < c->exceptions[i].list.n; j++)
            if (layers_kind_of(c->exceptions[i].list.ranges[j]) == LAYERS_MIDDLE) return true;
    return false;
}

static void put_exception(FILE *to, const config_exception *e)
{
    const spec *k = e->spec[KVANT_K], *v = e->spec[KVANT_V];
    fputs("        [\"", to);
    layers_write(to, &e->list);
    fputs("\"] = \"", to);
    if (k && v && strcmp(k->text, v->text) == 0)
        fputs(k->text, to);
    else if (k && v)
        fprintf(to, "k=%s,v=%s", k->text, v->text);
    else
        fprintf(to, "%c=%s", k ? 'k' : 'v', k ? k->text : v->text);
    fputs("\",\n", to);
}

static void put_base(FILE *to, const config *c)
{
    const char *k = c->base[KVANT_K]->text, *v = c->base[KVANT_V]->text;
    if (strcmp(k, v) == 0)
        fprintf(to, "\"%s", k);
    else
        fprintf(to, "\"k=%s v=%s", k, v);
    fputs(c->rope_post ? " rope=post\"" : "\"", to);
}

void profile_write_lua(FILE *to, const profile_view *v)
{
    const config *c = v->config;
    const bool apart = c->n_exceptions > 0 && !order_matters(c);
    fputs("lab.profile {\n    name = ", to);
    put_string(to, v->profile->name);
    fputs(",\n    base = ", to);
    if (apart || c->n_exceptions == 0)
        put_base(to, c);
    else
        put_string(to, c->text);
    fputs(",\n", to);
    if (apart) fputs("    layers = {\n", to);
    for (size_t i = 0; apart && i < c->n_exceptions; i++)
        put_exception(to, &c->exceptions[i]);
    if (apart) fputs("    },\n", to);
    if (*v->profile->note) {
        fputs("    note = ", to);
        put_string(to, v->profile->note);
        fputs(",\n", to);
    }
    fputs("}\n", to);
}
