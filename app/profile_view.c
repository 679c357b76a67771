#include "app/profile_view.h"

#include <stdlib.h>
#include <string.h>

#include "app/compress.h"

bool profile_view_make(profile_view *v, const store_profile *p, const catalog *known, const model_shape *shape,
                       fault *f)
{
    *v = (profile_view){ .profile = p, .known = known, .shape = *shape };
    v->config = config_parse(known, p->config, f);
    v->plan = v->config ? compress_plan(v->config, shape, f) : NULL;
    return v->plan || fault_prefix(f, "profile %s", p->name);
}

void profile_view_free(profile_view *v)
{
    free(v->plan);
    config_free(v->config);
    *v = (profile_view){ 0 };
}

bool profile_same_codecs(const config_layer *a, const config_layer *b)
{
    return strcmp(a->spec[KVANT_K]->text, b->spec[KVANT_K]->text) == 0 &&
           strcmp(a->spec[KVANT_V]->text, b->spec[KVANT_V]->text) == 0;
}

void profile_write_layers(FILE *to, const bool *in, int n)
{
    const char *between = "";
    for (int first = 0, next; first < n; first = next) {
        next = first + 1;
        if (!in[first]) continue;
        while (next < n && in[next])
            next++;
        fprintf(to, next - first > 1 ? "%s%d-%d" : "%s%d", between, first, next - 1);
        between = ", ";
    }
}
