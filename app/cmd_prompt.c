/* The commands of the prompt itself. */
#include "app/commands.h"
#include "app/complete.h"

#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>

int cmd_quit(app_context *app, const command_line *line)
{
    (void)line;
    app->leaving = true;
    return FAULT_NONE;
}

static const char *value_of(const app_context *app, const command_option *o)
{
    const char *set = settings_get(app->session, o->name);
    return set ? set : o->standard;
}

static int show_as_json(app_context *app, const char *only)
{
    fault f = { 0 };
    cJSON *json = cJSON_CreateObject();
    const command_option *o;
    for (size_t i = 0; (o = settings_option(app->session, i)); i++) {
        const char *value = settings_get(app->session, o->name);
        if (only && strcmp(o->name, only) != 0) continue;
        if (o->type == OPTION_FLAG)
            cJSON_AddBoolToObject(json, o->name, value != NULL);
        else if (value_of(app, o))
            cJSON_AddStringToObject(json, o->name, value_of(app, o));
        else
            cJSON_AddNullToObject(json, o->name);
    }
    char *text = cJSON_Print(json);
    cJSON_Delete(json);
    if (!text) {
        fault_memory(&f, "the settings as JSON");
        return app_report(app, &f);
    }
    puts(text);
    free(text);
    return FAULT_NONE;
}

static void show(app_context *app, const char *only)
{
    const terminal *t = &app->out;
    const command_option *o;
    for (size_t i = 0; (o = settings_option(app->session, i)); i++) {
        if (only && strcmp(o->name, only) != 0) continue;
        bool set = settings_get(app->session, o->name) != NULL;
        const char *value = o->type == OPTION_FLAG ? (set ? "on" : "off") : value_of(app, o);
        printf("%s%-10s %s%s\n", terminal_style(t, set ? STYLE_BOLD : STYLE_PLAIN), o->name,
               value ? value : "(default)", terminal_style(t, STYLE_PLAIN));
    }
}

int cmd_set(app_context *app, const command_line *line)
{
    fault f = { 0 };
    const char *name = line_arg(line, 0), *value = line_arg(line, 1);
    const char *text = value ? value : name ? settings_get(app->session, name) : NULL;
    /* Setting what is set already finds a wrong name with the same sentence as setting it anew. */
    if (name && text && !settings_set(app->session, name, text, &f)) return app_report(app, &f);
    if (name && !text && !settings_unset(app->session, name, &f)) return app_report(app, &f);
    if (value) return FAULT_NONE;
    if (line_has(line, "json")) return show_as_json(app, name);
    show(app, name);
    return FAULT_NONE;
}

int cmd_unset(app_context *app, const command_line *line)
{
    fault f = { 0 };
    return settings_unset(app->session, line_arg(line, 0), &f) ? FAULT_NONE : app_report(app, &f);
}

static void put_name(void *to, const char *name, const char *help)
{
    (void)help;
    fprintf(to, "%s\n", name);
}

/* For the shell's completion: one name per line, in the place of the word. */
static void put_next(app_context *app, const char *line, const char *word)
{
    const size_t length = strlen(line), typed = word ? strlen(word) : 0;
    complete_result r;
    complete_line(app, line, typed < length ? length - typed : 0, &r);
    for (size_t i = 0; i < r.n; i++)
        puts(r.names[i]);
    complete_free(&r);
}

int cmd_names(app_context *app, const command_line *line)
{
    static const completion kinds[] = { COMPLETE_CODEC,  COMPLETE_METRIC, COMPLETE_RUN,    COMPLETE_SETTING,
                                        COMPLETE_RECIPE, COMPLETE_QUERY,  COMPLETE_PROFILE };
    completion kind = kinds[line_int(line, "kind")];
    if (line_has(line, "line")) {
        put_next(app, line_text(line, "line"), line_text(line, "word"));
        return FAULT_NONE;
    }
    const command_option *o;
    for (size_t i = 0; kind == COMPLETE_SETTING && (o = settings_option(app->session, i)); i++)
        puts(o->name);
    for (const app_name_source *s = app->names; s->kind != COMPLETE_NONE; s++)
        if (s->kind == kind) s->names(app, put_name, stdout);
    return FAULT_NONE;
}
