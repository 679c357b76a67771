/* kvant recipe: experiments from files. */
#include <stdio.h>

#include "app/commands.h"
#include "app/lua/front.h"
#include "app/recipe_files.h"
#include "app/recipe_lines.h"
#include "app/report.h"

enum { DEEPEST = 8 };

static bool print_recipe(void *arg, const recipe_file *file)
{
    (void)arg;
    printf("%-16s %s\n", file->name, file->title);
    if (*file->time) printf("%-16s %s\n", "", file->time);
    return true;
}

static bool add_recipe(void *list, const recipe_file *file)
{
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "name", file->name);
    cJSON_AddStringToObject(one, "title", file->title);
    cJSON_AddStringToObject(one, "time", file->time);
    cJSON_AddStringToObject(one, "file", file->path);
    return cJSON_AddItemToArray(list, one);
}

static int list_recipes(app_context *app, bool as_json)
{
    fault f = { 0 };
    cJSON *list = as_json ? cJSON_CreateArray() : NULL;
    bool ok = recipe_each(app, as_json ? add_recipe : print_recipe, list, &f);
    if (ok && as_json)
        ok = report_json(stdout, list, &f);
    else
        cJSON_Delete(list);
    return ok ? FAULT_NONE : app_report(app, &f);
}

static int refuse(const app_context *app, const char *what, const char *name)
{
    fault f = { 0 };
    fault_set(&f, FAULT_USAGE, "recipe %s: %s", name, what);
    return app_report(app, &f);
}

int cmd_recipe(app_context *app, const command_line *line)
{
    fault f = { 0 };
    char path[PATH_MAX];
    const char *name = line_arg(line, 0);
    if (!name || line_has(line, "list")) return list_recipes(app, line_has(line, "json"));
    if (app->recipe_depth >= DEEPEST) {
        fault_set(&f, FAULT_INPUT, "recipe %s: %d recipes run each other already", name, DEEPEST);
        return app_report(app, &f);
    }
    if (!recipe_find(app, name, path, &f)) return app_report(app, &f);
    if (recipe_is_lua(path)) return front_recipe(app, line, path);
    if (line_n_args(line) > 1) return refuse(app, "a list of commands takes no arguments", name);
    if (line_has(line, "dry-run") || line_has(line, "check") || line_has(line, "plan"))
        return refuse(app, "only a recipe in Lua can be looked at without running it", name);
    return recipe_lines(app, line, path);
}

int cmd_recipe_child(app_context *app, const command_line *line)
{
    return front_child(app, line);
}
