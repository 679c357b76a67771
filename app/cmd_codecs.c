/* kvant codecs: what there is to choose from. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/commands.h"
#include "app/lab.h"
#include "app/number.h"
#include "app/report.h"
#include "app/verify.h"

static const char *const type_names[] = { "", "int", "real", "bool", "enum", "codec" };

/* What a parameter may be, and what it is when not given. */
static void range_of(const catalog_param *p, char *text, size_t capacity)
{
    size_t n = 0;
    switch (p->type) {
    case KVANT_INT:
    case KVANT_REAL: snprintf(text, capacity, "%g to %g, default %g", p->min, p->max, p->def); return;
    case KVANT_BOOL: snprintf(text, capacity, "true or false, default %s", p->def != 0 ? "true" : "false"); return;
    case KVANT_CODEC:
        snprintf(text, capacity, p->inner ? "default %s" : "required%s", p->inner ? p->inner : "");
        return;
    default: break;
    }
    for (size_t i = 0; i < p->n_words && n < capacity; i++)
        n += (size_t)snprintf(text + n, capacity - n, "%s%s", i ? ", " : "", p->words[i]);
    if (n < capacity) snprintf(text + n, capacity - n, "; default %s", p->words[(size_t)p->def]);
}

static void print_standing(const app_context *app, const verify_kept *kept)
{
    char when[40] = "";
    const time_t at = (time_t)kept->when;
    struct tm local;
    if (localtime_r(&at, &local)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
    const char *plain = terminal_style(&app->out, STYLE_PLAIN);
    if (kept->standing == VERIFY_PASSED)
        printf("verified    %spassed%s on %s\n", terminal_style(&app->out, STYLE_GOOD), plain, when);
    else if (kept->standing == VERIFY_FAILED)
        printf("verified    %sfailed%s on %s: %s\n", terminal_style(&app->out, STYLE_BAD), plain, when, kept->first);
    else
        printf("verified    not yet; `kvant verify` does it\n");
}

static void print_one(const app_context *app, const shelf *results, const catalog_codec *c)
{
    verify_kept kept;
    verify_kept_get(results, c, &kept);
    char text[256], dims[CATALOG_DIMS];
    catalog_dims(c, dims);
    printf("%s%s%s %s (%s)\n%s\n\n", terminal_style(&app->out, STYLE_BOLD), c->name,
           terminal_style(&app->out, STYLE_PLAIN), c->version, c->family, c->summary);
    for (size_t i = 0; i < c->n_params; i++) {
        const catalog_param *p = &c->params[i];
        range_of(p, text, sizeof text);
        printf("  %-10s %-5s %s\n  %-10s       %s\n", p->name, type_names[p->type], text, "", p->help);
    }
    if (c->n_params == 0) printf("  no parameters\n");
    printf("\nstreams     %s\n", c->flags & KVANT_K_ONLY   ? "keys"
                                 : c->flags & KVANT_V_ONLY ? "values"
                                                           : "keys and values");
    printf("head dims   %s\n", dims);
    printf("rate        %s\n", c->flags & KVANT_VARIABLE ? "variable" : "fixed");
    if (c->flags & KVANT_CALIBRATES) printf("calibration needed\n");
    printf("reference   %s\n", c->reference);
    printf("plugin      %s (ABI %u.%u, sha256 %.16s)\n", c->path, c->abi >> 16, c->abi & 0xffff, c->sha256);
    print_standing(app, &kept);
}

/* What stands in front of a codec's name. */
static const char marks[] = { [VERIFY_UNKNOWN] = '?', [VERIFY_PASSED] = ' ', [VERIFY_FAILED] = '!' };
static const terminal_look mark_looks[] = {
    [VERIFY_UNKNOWN] = STYLE_DIM, [VERIFY_PASSED] = STYLE_PLAIN, [VERIFY_FAILED] = STYLE_BAD
};

static void print_line(const app_context *app, const shelf *results, const catalog_codec *c, bool seen[3])
{
    verify_kept kept;
    verify_kept_get(results, c, &kept);
    seen[kept.standing] = true;
    printf("%s%c%s %-15s %s\n", terminal_style(&app->out, mark_looks[kept.standing]), marks[kept.standing],
           terminal_style(&app->out, STYLE_PLAIN), c->name, c->summary);
}

static void print_all(const app_context *app, const shelf *results, const catalog *known)
{
    bool seen[3] = { false };
    for (size_t i = 0; i < known->n_codecs; i++) {
        const catalog_codec *c = known->codecs[i];
        bool first = true;
        for (size_t j = 0; j < i; j++)
            if (strcmp(known->codecs[j]->family, c->family) == 0) first = false;
        if (!first) continue;
        printf("%s%s%s\n", terminal_style(&app->out, STYLE_BOLD), c->family, terminal_style(&app->out, STYLE_PLAIN));
        for (size_t j = i; j < known->n_codecs; j++)
            if (strcmp(known->codecs[j]->family, c->family) == 0) print_line(app, results, known->codecs[j], seen);
    }
    if (seen[VERIFY_FAILED]) printf("\n! has failed `kvant verify`: `kvant codecs NAME` says how\n");
    if (seen[VERIFY_UNKNOWN]) printf("\n? not verified: `kvant verify NAME` does it\n");
    for (size_t i = 0; i < known->n_problems; i++)
        fprintf(stderr, "kvant: note: %s: %s\n", known->problems[i].path, known->problems[i].reason);
}

/* The codec's JSON with what verify said of it: true, false, or null. */
static cJSON *with_standing(const shelf *results, const catalog_codec *c, cJSON *o)
{
    verify_kept kept;
    verify_kept_get(results, c, &kept);
    if (kept.standing == VERIFY_UNKNOWN)
        cJSON_AddNullToObject(o, "verified");
    else
        cJSON_AddBoolToObject(o, "verified", kept.standing == VERIFY_PASSED);
    return o;
}

static cJSON *all_json(const shelf *results, const catalog *known)
{
    cJSON *o = catalog_json(known), *list = cJSON_GetObjectItemCaseSensitive(o, "codecs");
    for (size_t i = 0; i < known->n_codecs; i++)
        with_standing(results, known->codecs[i], cJSON_GetArrayItem(list, (int)i));
    return o;
}

int cmd_codecs(app_context *app, const command_line *line)
{
    fault f = { 0 };
    shelf results;
    const char *name = line_arg(line, 0);
    catalog *known = lab_catalog(app, line, &f);
    const catalog_codec *c = known && name ? catalog_find(known, name) : NULL;
    bool ok = known != NULL && shelf_open(&results, app->places.cache, &f);
    if (ok && name && !c) {
        const char *near = catalog_nearest(known, name);
        ok = fault_set(&f, FAULT_INPUT, "no codec \"%s\"%s%s%s; `kvant codecs` lists them", name,
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    } else if (ok && line_has(line, "json")) {
        ok = report_json(stdout, c ? with_standing(&results, c, catalog_codec_json(c)) : all_json(&results, known), &f);
    } else if (ok && c) {
        print_one(app, &results, c);
    } else if (ok) {
        print_all(app, &results, known);
    }
    catalog_free(known);
    return ok ? FAULT_NONE : app_report(app, &f);
}
