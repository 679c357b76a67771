/* The session as a Lua recipe (app/lua/): what can be asked of the lab as a table, everything else as the line it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/lua/permit.h"
#include "app/options.h"
#include "app/repl.h"
#include "app/screen/console_own.h"
#include "app/screen/lua_text.h"
#include "app/words.h"

typedef struct line_writer {
    FILE *out;
    bool first; /* of the table's fields */
} line_writer;

static void next_field(line_writer *w)
{
    fputs(w->first ? " " : ", ", w->out);
    w->first = false;
}

static bool is_for_output(const char *name)
{
    for (const command_option *o = options_output; o->name; o++)
        if (strcmp(o->name, name) == 0) return true;
    return false;
}

/* Whole numbers as numbers, with what k, M and G stand for; a real stays as it was typed. */
static void write_value(FILE *out, const command_option *o, const command_line *line, size_t i)
{
    if (o->type == OPTION_FLAG)
        fputs("true", out);
    else if (o->type == OPTION_INT || o->type == OPTION_SIZE)
        fprintf(out, "%" PRId64, line_int(line, o->name));
    else
        lua_text_string(out, line_text_at(line, o->name, i));
}

static void write_option(line_writer *w, const command_option *o, const command_line *line)
{
    next_field(w);
    lua_text_key(w->out, o->name);
    fputs(" = ", w->out);
    if (!(o->flags & OPTION_REPEATS)) {
        write_value(w->out, o, line, 0);
        return;
    }
    for (size_t i = 0; i < line_count(line, o->name); i++) {
        fputs(i ? ", " : "{ ", w->out);
        write_value(w->out, o, line, i);
    }
    fputs(" }", w->out);
}

/* lab.run{ "turbo4", protocol = "snapshot", ctx = 960 } */
static void write_table(FILE *out, const command_line *line)
{
    const command *c = line_command(line);
    line_writer w = { out, true };
    const command_option *o;
    fprintf(out, "lab.%s{", c->name);
    for (size_t i = 0; i < line_n_args(line); i++) {
        next_field(&w);
        lua_text_string(out, line_arg(line, i));
    }
    for (size_t i = 0; (o = command_option_at(c, i)); i++)
        if (line_given(line, o->name) && !is_for_output(o->name)) write_option(&w, o, line);
    fputs(w.first ? "}\n" : " }\n", out);
}

static bool has_function(const command_line *line)
{
    static const char *const names[] = { "run", "sweep", "calibrate", "frontier" };
    static const char *const plain[] = { "help", "dry-run", "plan", "from" }; /* these make it something else */
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (line_given(line, plain[i])) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], line_command(line)->name) == 0) return true;
    return false;
}

static bool is_setting(const words *w)
{
    return strcmp(w->word[0], "unset") == 0 ? w->n == 2 : strcmp(w->word[0], "set") == 0 && w->n == 3;
}

/* True: it was a setting. */
static bool write_setting(FILE *out, const words *w)
{
    const bool unset = strcmp(w->word[0], "unset") == 0;
    if (!is_setting(w)) return false;
    const char *name = w->word[1];
    if (is_for_output(name)) return true;
    /* Which database is written to a recipe's caller decides. */
    if (strcmp(name, "db") == 0) fputs("-- with --db: ", out);
    fputs("lab.set(", out);
    lua_text_string(out, name);
    fputs(", ", out);
    if (unset)
        fputs("nil", out);
    else
        lua_text_string(out, w->word[2]);
    fputs(")\n", out);
    return true;
}

/* The file that was written then is there when it is done again. */
static void write_line(FILE *out, const command_line *line, const char *text)
{
    const bool again =
        line_given(line, "output") && command_option_named(line_command(line), "force") && !line_given(line, "force");
    fputs(again ? "lab.command(" : "lab.command ", out);
    lua_text_string(out, text);
    fputs(again ? " .. \" --force\")\n" : "\n", out);
}

static void write_words(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
}

/* A line that is a comment whatever it holds. */
static void write_comment(FILE *out, const char *why, const char *text)
{
    fputs("-- ", out);
    write_words(out, why);
    fputs(": ", out);
    write_words(out, text);
    fputc('\n', out);
}

static void write_done(const console *c, FILE *out, const console_entry *e)
{
    words w;
    if (!repl_words(&c->app->commands, e->line, &w, NULL)) return;
    const command *cmd = w.n ? command_find(&c->app->commands, w.word[0]) : NULL;
    command_line *line = cmd ? command_parse(cmd, w.n - 1, (const char *const *)w.word + 1, NULL, NULL) : NULL;
    fault f = { 0 };
    if (line && !is_setting(&w) && !permit_line(false, line, &f))
        write_comment(out, f.text, e->line);
    else if (line && has_function(line))
        write_table(out, line);
    else if (line && !write_setting(out, &w))
        write_line(out, line, e->line);
    line_free(line);
    words_free(&w);
}

static void write_session(const console *c, FILE *out)
{
    char now[64] = "";
    const time_t seconds = time(NULL);
    struct tm parts;
    if (localtime_r(&seconds, &parts)) strftime(now, sizeof now, " of %Y-%m-%d %H:%M", &parts);
    fprintf(out, "-- A session in the lab%s: kvant recipe FILE does it again.\n", now);
    for (size_t i = 0; i < c->n_entries; i++) {
        const console_entry *e = &c->entries[i];
        const bool failed = e->state == ENTRY_DONE && e->status > FAULT_NO && e->status != FAULT_INTERRUPTED;
        if (e->state == ENTRY_SCREEN) continue;
        char why[32];
        snprintf(why, sizeof why, "exit %d", e->status);
        if (failed)
            write_comment(out, why, e->line);
        else
            write_done(c, out, e);
    }
}

bool console_save(const console *c, const char *path, bool force, fault *f)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0666);
    if (fd < 0 && errno == EEXIST)
        return fault_set(f, FAULT_INPUT, "%s: is there already; save --force replaces it", path);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out) {
        fault_set(f, FAULT_INPUT, "%s: cannot be written: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return false;
    }
    write_session(c, out);
    const bool lost = ferror(out) != 0;
    if (fclose(out) != 0 || lost) return fault_set(f, FAULT_INPUT, "%s: cannot be written: %s", path, strerror(errno));
    return true;
}
