/* Where SQL comes from. */
#include "app/sql_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/sql_question.h"
#include "app/words.h"
#include "base/file.h"

void sql_text_free(sql_text *t)
{
    free(t->sql);
    free(t->words);
    free(t->typed);
    *t = (sql_text){ 0 };
}

/* ---- files ---- */

static bool read_text(sql_work *w, const char *path, sql_text *t, fault *f)
{
    char *bytes = NULL;
    size_t n = 0;
    if (strcmp(path, "-") == 0 && w->app->at_prompt)
        return fault_set(f, FAULT_USAGE,
                         "sql: standard input is where commands come from here; write the SQL, or --file");
    if (!file_read(path, &bytes, &n, f)) return false;
    const char *zero = n ? memchr(bytes, 0, n) : NULL;
    if (zero) {
        fault_set(f, FAULT_INPUT, "%s: byte %td is zero; SQL is text", path, zero - bytes);
    } else {
        t->sql = malloc(n + 1);
        if (!t->sql) fault_memory(f, "a question");
        if (t->sql && n) memcpy(t->sql, bytes, n);
        if (t->sql) t->sql[n] = '\0';
    }
    free(bytes);
    return t->sql != NULL;
}

/* ---- arguments ---- */

static char *join(const command_line *line)
{
    size_t size = 1;
    for (size_t i = 0; i < line_n_args(line); i++)
        size += strlen(line_arg(line, i)) + 1;
    char *text = malloc(size), *end = text;
    for (size_t i = 0; text && i < line_n_args(line); i++) {
        if (i) *end++ = ' ';
        end = stpcpy(end, line_arg(line, i));
    }
    if (text) *end = '\0';
    return text;
}

/* The words after a question's name: the shell has split them, or they are all in one argument. */
static bool split_values(const command_line *line, const char *text, sql_text *t, fault *f)
{
    const bool separate = line_n_args(line) > 1;
    words w = { 0 };
    if (!separate && !words_split(text, NULL, &w, f)) return false;
    const size_t n = separate ? line_n_args(line) : (size_t)w.n;
    t->typed = calloc(n + 1, sizeof *t->typed);
    for (size_t i = 1; t->typed && i < n; i++)
        t->typed[t->n_typed++] = separate ? (char *)line_arg(line, i) : w.word[i];
    t->words = w.letters;
    free(w.word);
    return t->typed || fault_memory(f, "a question's values");
}

/* Takes the SQL of the question that the text names. *found == false: it names none, and is SQL. */
static bool look_up_question(sql_work *w, sql_text *t, bool *found, fault *f)
{
    fault unknown = { 0 };
    char name[sizeof t->name];
    const size_t n = strcspn(t->sql, " \t\r\n");
    *found = false;
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), t->sql);
    if (!sql_question_name(name)) return true;
    store_question *q = store_get_question(w->database, name, found, &unknown);
    if (!q) {
        /* One word is no SQL either; of several SQLite says what is wrong. */
        if (t->sql[n + strspn(t->sql + n, " \t\r\n;")] && unknown.code == FAULT_INPUT) return true;
        if (f) *f = unknown;
        return false;
    }
    bool ok = split_values(w->line, t->sql, t, f);
    free(t->sql);
    t->sql = ok ? strdup(q->sql) : NULL;
    strcpy(t->name, name);
    free(q);
    return ok && (t->sql || fault_memory(f, "a question"));
}

bool sql_text_read(sql_work *w, bool look_up, sql_text *t, fault *f)
{
    *t = (sql_text){ 0 };
    const char *file = line_text(w->line, "file"), *first = line_arg(w->line, 0);
    if (file && first)
        return fault_set(f, FAULT_USAGE, "sql: --file %s and \"%.40s\": one of them, please", file, first);
    if (file || (first && strcmp(first, "-") == 0 && line_n_args(w->line) == 1))
        return read_text(w, file ? file : first, t, f);
    if (!first) return fault_set(f, FAULT_USAGE, "sql: QUERY is missing (SQL, or a question's name)");
    t->sql = join(w->line);
    if (!t->sql) return fault_memory(f, "a question");
    bool found;
    return !look_up || look_up_question(w, t, &found, f);
}
