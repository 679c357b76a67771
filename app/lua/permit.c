#include "app/lua/permit.h"

#include <string.h>

static const char *const commands[] = { "attention", "calibrate", "checklist",  "codecs", "config",    "diff",
                                        "frontier",  "gate",      "generate",   "help",   "inspect",   "logits",
                                        "memory",    "needle",    "offline",    "paper",  "pin",       "predict",
                                        "profile",   "prompts",   "recipe",     "report", "roundtrip", "run",
                                        "runs",      "session",   "set",        "show",   "speed",     "sql",
                                        "sweep",     "tokenize",  "trajectory", "unpin",  "unset",     NULL };

/* Options that would load code, open another database or change what is there. */
static const char *const refused[] = { "plugin", "db", "unsafe", "write", "delete", "import", "rename", NULL };

/* Those of them that the person may name for the whole recipe. */
static const char *const of_recipe[] = { "plugin", "db", NULL };

/* Options that name a file to be written, or beside which files are. */
static const char *const outputs[] = { "output", "encoded", "decoded", "plan", "from", NULL };
static const char *const endings[] = { ".md",  ".csv", ".json", ".jsonl",       ".svg", ".html",
                                       ".txt", ".lua", ".yaml", ".safetensors", ".f32", NULL };

static bool listed(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word) != 0)
        list++;
    return *list != NULL;
}

/* Below the working directory, nothing hidden, and named as a report is. */
static bool harmless_path(const char *path)
{
    if (!*path || *path == '/' || *path == '.' || strstr(path, "/.")) return false;
    const char *dot = strrchr(path, '.');
    return dot && listed(endings, dot);
}

static bool refuse(const char *what, const char *option, fault *f)
{
    return fault_set(f, FAULT_USAGE, "%s: a recipe may not use %s%s", what, option,
                     listed(of_recipe, option) ? "; name it on the line of `kvant recipe`" : " without --unsafe");
}

bool permit_setting(bool unsafe, const char *name, fault *f)
{
    return unsafe || !listed(refused, name) || refuse("set", name, f);
}

bool permit_line(bool unsafe, const command_line *line, fault *f)
{
    const command *c = line_command(line);
    if (unsafe) return true;
    if (!listed(commands, c->name))
        return fault_set(f, FAULT_USAGE, "%s: a recipe may not do this without --unsafe", c->name);
    for (size_t i = 0; refused[i]; i++)
        if (line_given(line, refused[i])) return refuse(c->name, refused[i], f);
    for (size_t i = 0; outputs[i]; i++)
        if (line_given(line, outputs[i]) && command_option_named(c, outputs[i])->completes == COMPLETE_FILE &&
            !harmless_path(line_text(line, outputs[i])))
            return fault_set(f, FAULT_USAGE,
                             "%s: --%s %.200s: without --unsafe a recipe writes only below the working directory, and "
                             "only .md, .csv, .json, .svg, .html and the like",
                             c->name, outputs[i], line_text(line, outputs[i]));
    if (strcmp(c->name, "set") == 0 && line_arg(line, 0)) return permit_setting(unsafe, line_arg(line, 0), f);
    return true;
}
