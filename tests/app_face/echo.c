/* The lab's commands as doubles: each prints what it was given, so that tests see what a typed line means. `sweep`
 * works for a while, with progress, and can be stopped, as the real one does. With main.c and the real rows this is a
 * whole kvant without a lab. */
#include "app/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/catalog_cache.h"
#include "app/complete.h"
#include "app/progress.h"
#include "app/repl.h"

static int echo(app_context *app, const command_line *line)
{
    (void)app;
    const command *c = line_command(line);
    printf("%s", c->name);
    for (size_t i = 0; i < line_n_args(line); i++)
        printf(" [%s]", line_arg(line, i));
    const command_option *o;
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        for (size_t j = 0; line_given(line, o->name) && j < line_count(line, o->name); j++)
            printf(" %s=%s", o->name, o->type == OPTION_FLAG ? "on" : line_text_at(line, o->name, j));
    if (line_has(line, "ctx")) printf(" (ctx %" PRId64 ")", line_int(line, "ctx"));
    putchar('\n');
    return FAULT_NONE;
}

static int work(app_context *app, const command_line *line)
{
    enum { STEPS = 1000 };
    long steps = line_n_args(line) ? strtol(line_arg(line, 0), NULL, 10) : STEPS;
    progress p;
    progress_start(&p, stderr, &app->err, "sweep", (uint64_t)steps, "runs");
    for (long i = 1; i <= steps && !app_cancelled(app); i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        progress_at(&p, (uint64_t)i, "turbo4");
    }
    progress_end(&p);
    if (!app_cancelled(app)) {
        printf("swept %ld\n", steps);
        return FAULT_NONE;
    }
    fault f = { 0 };
    fault_set(&f, FAULT_INTERRUPTED, "sweep: stopped on request");
    return app_report(app, &f);
}

#define DOUBLE(name)                                                                                                   \
    int name(app_context *app, const command_line *line)                                                               \
    {                                                                                                                  \
        return echo(app, line);                                                                                        \
    }
DOUBLE(cmd_inspect)
DOUBLE(cmd_tokenize)
DOUBLE(cmd_logits)
DOUBLE(cmd_codecs)
DOUBLE(cmd_config)
DOUBLE(cmd_recipe)
DOUBLE(cmd_recipe_child)
DOUBLE(cmd_calibrate)
DOUBLE(cmd_roundtrip)
DOUBLE(cmd_roundtrip_child)
DOUBLE(cmd_capture)
DOUBLE(cmd_offline)
DOUBLE(cmd_offline_child)
DOUBLE(cmd_paper)
DOUBLE(cmd_paper_child)
DOUBLE(cmd_run)
DOUBLE(cmd_suite)
DOUBLE(cmd_runs)
DOUBLE(cmd_show)
DOUBLE(cmd_frontier)
DOUBLE(cmd_diff)
DOUBLE(cmd_pin)
DOUBLE(cmd_unpin)
DOUBLE(cmd_sql)
DOUBLE(cmd_report)
DOUBLE(cmd_profile)
DOUBLE(cmd_merge)
DOUBLE(cmd_cache)
DOUBLE(cmd_demo)
DOUBLE(cmd_worker)
DOUBLE(cmd_describe)
DOUBLE(cmd_predict)
DOUBLE(cmd_memory)
DOUBLE(cmd_bench)
DOUBLE(cmd_bench_child)
DOUBLE(cmd_bench_engine_child)
DOUBLE(cmd_growth)
DOUBLE(cmd_growth_child)
DOUBLE(cmd_speed)
DOUBLE(cmd_speed_child)
DOUBLE(cmd_gate)
DOUBLE(cmd_generate)
DOUBLE(cmd_generate_child)
DOUBLE(cmd_verify)
DOUBLE(cmd_verify_child)
DOUBLE(cmd_checklist)
DOUBLE(cmd_checklist_child)

/* The prompt alone: the screen belongs to the lab. */
int cmd_lab(app_context *app, const command_line *line)
{
    (void)line;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) return repl_prompt(app);
    return repl_stream(app, stdin, "standard input");
}

int cmd_sweep(app_context *app, const command_line *line)
{
    return line_has(line, "dry-run") ? echo(app, line) : work(app, line);
}

command_table commands_all(void)
{
    static const command *const parts[] = { commands_face,    commands_lab,  commands_sweep,  commands_recipe,
                                            commands_compare, commands_suite, commands_plan, commands_data, commands_report, commands_program,
                                            commands_screen,  NULL };
    return (command_table){ parts };
}

/* ---- codecs: some shapes they come in, and no plugin ---- */

static const struct {
    const char *name, *params;
} codecs[] = {
    { "identity", "" },
    { "f16", "" },
    { "q4_0", "" },
    { "q8_0", "" },
    { "rotate", "{\"name\":\"inner\",\"type\":\"codec\",\"log\":false,\"default\":0,\"min\":0,\"max\":0,\"step\":0,"
                "\"help\":\"the codec inside\"}" },
    { "polar", "{\"name\":\"bits\",\"type\":\"int\",\"log\":false,\"default\":4,\"min\":1,\"max\":8,\"step\":0,"
               "\"help\":\"bits per coordinate\"},"
               "{\"name\":\"scale\",\"type\":\"enum\",\"log\":false,\"default\":0,\"min\":0,\"max\":0,\"step\":0,"
               "\"words\":[\"norm\",\"mse\"],\"help\":\"what the norm keeps\"}" },
    { "turbo2", "" },
    { "turbo3", "" },
    { "turbo4", "" },
};

static catalog_codec *make_codec(const char *name, const char *params)
{
    static const char format[] =
        "{\"name\":\"%s\",\"version\":\"1\",\"family\":\"echo\",\"summary\":\"a codec\",\"reference\":\"none\","
        "\"flags\":0,\"dim_min\":1,\"dim_max\":1024,\"dim_step\":1,\"scores\":false,\"mix\":false,"
        "\"path\":\"/plugins/echo.so\",\"abi\":131072,\"sha256\":"
        "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"params\":[%s]}";
    char text[2048];
    fault f = { 0 };
    snprintf(text, sizeof text, format, name, params);
    cJSON *json = cJSON_Parse(text);
    catalog_codec *codec = catalog_codec_from_json(json, &f);
    cJSON_Delete(json);
    if (!codec) fprintf(stderr, "%s: %s\n", name, f.text);
    return codec;
}

catalog_cache *complete_codecs(app_context *app)
{
    catalog *known = app->codecs ? NULL : catalog_create(NULL);
    for (size_t i = 0; known && i < sizeof codecs / sizeof *codecs; i++) {
        catalog_codec *codec = make_codec(codecs[i].name, codecs[i].params);
        if (codec) catalog_add(known, codec, NULL);
    }
    if (known) app->codecs = catalog_cache_of(known, NULL);
    return app->codecs;
}

static void codec_names(app_context *app, app_add_name add, void *to)
{
    const catalog *known = complete_catalog(app);
    for (size_t i = 0; known && i < known->n_codecs; i++)
        add(to, known->codecs[i]->name, known->codecs[i]->summary);
}

const app_name_source *commands_names(void)
{
    static const app_name_source sources[] = { { COMPLETE_CODEC, codec_names }, { COMPLETE_NONE, NULL } };
    return sources;
}
