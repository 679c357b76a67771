#include "app/lua/gate.h"

#include <string.h>

static const char *const commands[] = { "calibrate", "codecs",   "config",    "diff",  "frontier", "help",    "inspect",
                                        "logits",    "offline",  "paper",     "pin",   "predict",  "profile", "recipe",
                                        "report",    "run",      "roundtrip", "runs",  "set",      "show",    "sql",
                                        "sweep",     "tokenize", "unpin",     "unset", NULL };

/* Options that would load code, open another database or change what is there. */
static const char *const refused[] = { "plugin", "db", "unsafe", "write", "delete", "import", "rename", NULL };

/* Options that name a file to be written. */
static const char *const outputs[] = { "output", "encoded", "decoded", "plan", NULL };
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

static bool may_set(const char *name)
{
    return !listed(refused, name);
}

bool gate_setting(const recipe *r, const char *name, fault *f)
{
    return r->unsafe || may_set(name) ||
           fault_set(f, FAULT_USAGE, "%s: a recipe may not set this; give it to `kvant recipe`, or use --unsafe", name);
}

bool gate_check(const recipe *r, const command_line *line, fault *f)
{
    const command *c = line_command(line);
    if (r->unsafe) return true;
    if (!listed(commands, c->name))
        return fault_set(f, FAULT_USAGE, "%s: a recipe may not do this without --unsafe", c->name);
    for (size_t i = 0; refused[i]; i++)
        if (line_given(line, refused[i]))
            return fault_set(f, FAULT_USAGE,
                             "%s: a recipe may not use --%s; give it to `kvant recipe` where that has it, or use "
                             "--unsafe",
                             c->name, refused[i]);
    for (size_t i = 0; outputs[i]; i++)
        if (line_given(line, outputs[i]) && !harmless_path(line_text(line, outputs[i])))
            return fault_set(f, FAULT_USAGE,
                             "%s: --%s %.200s: without --unsafe a recipe writes only below the working directory, and "
                             "only .md, .csv, .json, .svg, .html and the like",
                             c->name, outputs[i], line_text(line, outputs[i]));
    if (strcmp(c->name, "set") == 0 && line_arg(line, 0)) return gate_setting(r, line_arg(line, 0), f);
    return true;
}
