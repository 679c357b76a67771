/* Making and changing a profile. */
#include "app/profile_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* ---- what it is before ---- */

/* What the profile is before it is changed: the strings are the caller's to free. */
typedef struct draft {
    char *base, *made_for, *note;
} draft;

static void free_draft(draft *d)
{
    free(d->base);
    free(d->made_for);
    free(d->note);
}

static bool set_draft(draft *d, const char *base, const char *made_for, const char *note, fault *f)
{
    free_draft(d);
    *d = (draft){ strdup(base), strdup(made_for), strdup(note) };
    return (d->base && d->made_for && d->note) || fault_memory(f, "a profile");
}

static bool draft_from_run(profile_work *w, draft *d, fault *f)
{
    char note[64];
    const int64_t id = line_int(w->line, "from");
    store_run *run = store_get_run(w->database, id, f);
    snprintf(note, sizeof note, "as in run %" PRId64, id);
    bool ok = run && set_draft(d, run->config.canonical, run->model.name, note, f);
    free(run);
    return ok;
}

static bool draft_as_it_is(profile_work *w, const char *name, draft *d, fault *f)
{
    bool there;
    store_profile *p = store_get_profile(w->database, name, &there, f);
    bool ok = p && set_draft(d, p->config, p->model, p->note, f);
    free(p);
    if (there) return ok;
    return fault_set(f, FAULT_USAGE, "there is no profile \"%.64s\" yet; --base CONFIG or --from RUN makes one", name);
}

static bool begin_draft(profile_work *w, const char *name, draft *d, fault *f)
{
    const char *base = line_text(w->line, "base");
    bool there = false;
    if (base && line_has(w->line, "from"))
        return fault_set(f, FAULT_USAGE, "profile: --base and --from: one of them, please");
    if (line_has(w->line, "from")) return draft_from_run(w, d, f);
    if (!base) return draft_as_it_is(w, name, d, f);
    char *expanded = NULL;
    store_profile *before = store_get_profile(w->database, name, &there, f);
    bool ok = (before || !there) && profile_expand_from(w->database, base, &expanded, f) &&
              set_draft(d, expanded, before ? before->model : "", before ? before->note : "", f);
    free(expanded);
    free(before);
    return ok;
}

/* "LAYERS:CODECS" taken apart; *own is what the text lies in. */
static bool take_layer(profile_layer *l, const char *text, char **own, fault *f)
{
    *own = strdup(text);
    if (!*own) return fault_memory(f, "a profile's layers");
    char *colon = strchr(*own, ':');
    if (!colon)
        return fault_set(f, FAULT_USAGE, "profile: --layer %.80s: expected LAYERS:CODECS, like 0-1:k=q8_0", text);
    *colon = '\0';
    *l = (profile_layer){ *own, colon + 1 };
    return true;
}

/* Layers that are unset first, then those that are set. */
static bool compose_and_save(profile_work *w, const char *name, const draft *d, const char *made_for, fault *f)
{
    const size_t n_unset = line_count(w->line, "unset"), n_set = line_count(w->line, "layer"), n = n_unset + n_set;
    profile_layer *parts = calloc(n + 1, sizeof *parts);
    char **own = calloc(n + 1, sizeof *own);
    bool ok = (parts && own) || fault_memory(f, "a profile's layers");
    for (size_t i = 0; ok && i < n_unset; i++)
        parts[i].layers = line_text_at(w->line, "unset", i);
    for (size_t i = 0; ok && i < n_set; i++)
        ok = take_layer(&parts[n_unset + i], line_text_at(w->line, "layer", i), &own[i], f);
    const char *note = line_text(w->line, "note");
    if (note && strcmp(note, "-") == 0) note = "";
    const profile_source p = { name, d->base, parts, n, made_for ? made_for : d->made_for, note ? note : d->note };
    ok = ok && profile_save(w->database, w->known, &p, f);
    for (size_t i = 0; own && i < n; i++)
        free(own[i]);
    free(own);
    free(parts);
    return ok;
}

/* ---- making and changing ---- */

bool profile_edit(profile_work *w, const char *name, fault *f)
{
    draft d = { 0 };
    model_shape shape = { 0 };
    const bool for_model = line_given(w->line, "model");
    bool ok = profile_check_name(name, f) && (!for_model || profile_read_shape(w, &shape, f)) &&
              begin_draft(w, name, &d, f) && compose_and_save(w, name, &d, for_model ? shape.name : NULL, f);
    free_draft(&d);
    fault unfit = { 0 };
    if (ok && !profile_show(w, name, &unfit)) fprintf(stderr, "kvant: saved; %s\n", unfit.text);
    return ok;
}

bool profile_import(profile_work *w, const char *name, fault *f)
{
    const char *file = line_text(w->line, "import");
    char *bytes = NULL;
    size_t n = 0;
    store_profile p;
    if (!file_read(file, &bytes, &n, f)) return false;
    cJSON *document = n ? cJSON_ParseWithLength(bytes, n) : NULL;
    free(bytes);
    bool ok = document || fault_set(f, FAULT_INPUT, "%s: not JSON", file);
    ok = ok && profile_read_document(document, w->known, file, &p, f);
    if (ok && !name) name = p.name;
    ok = ok && (name || fault_set(f, FAULT_INPUT, "%s: \"name\" is missing; give one: profile NAME --import", file));
    const profile_source source = {
        .name = name, .base = ok ? p.config : "", .model = ok ? p.model : "", .note = ok ? p.note : ""
    };
    ok = ok && profile_save(w->database, w->known, &source, f);
    if (ok) fprintf(stderr, "kvant: profile %s is kept\n", name);
    cJSON_Delete(document);
    return ok;
}
