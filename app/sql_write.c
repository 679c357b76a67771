/* kvant sql --write: SQL that changes rows. */
#include "app/sql_work.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/terminal.h"

static void describe(const store_changes *c, char *text, size_t capacity)
{
    int n = snprintf(text, capacity, "%" PRId64 " row%s", c->rows, c->rows == 1 ? "" : "s");
    if (c->follow > 0 && n > 0 && (size_t)n < capacity)
        snprintf(text + n, capacity - (size_t)n, " and %" PRId64 " that belong to %s", c->follow,
                 c->rows == 1 ? "it" : "them");
}

/* What it would do is found out first and taken back, so that no other process waits while a person thinks. */
static bool may_write(sql_work *w, const char *sql, bool *may, fault *f)
{
    store_changes would;
    char what[96], answer[16] = "";
    *may = true;
    if (line_has(w->line, "yes")) return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return fault_set(f, FAULT_USAGE, "sql --write: there is nobody to ask; --yes says that it may");
    if (!store_change(w->database, sql, false, NULL, &would, f)) return false;
    describe(&would, what, sizeof what);
    fprintf(stderr, "%s: change %s? [y/N] ", store_path(w->database), what);
    fflush(stderr);
    size_t n = 0;
    for (char c; !terminal_interrupted();) {
        if (!terminal_wait(STDIN_FILENO)) continue; /* a signal, perhaps a window that was resized */
        if (read(STDIN_FILENO, &c, 1) != 1 || c == '\n') break;
        if (n + 1 < sizeof answer) answer[n++] = c;
    }
    answer[n] = '\0';
    *may = strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0;
    if (terminal_interrupted()) return fault_set(f, FAULT_INTERRUPTED, "sql --write: stopped; nothing was changed");
    return true;
}

bool sql_write(sql_work *w, const char *sql, fault *f)
{
    bool may;
    store_changes done;
    char what[96];
    if (!may_write(w, sql, &may, f)) return false;
    if (!may) return fault_set(f, FAULT_NO, "sql --write: nothing was changed");
    table_answers answers = table_answers_to(w->out, w->style);
    const store_reader reader = table_answers_reader(&answers);
    if (!table_answers_end(&answers, store_change(w->database, sql, true, &reader, &done, f), f)) return false;
    describe(&done, what, sizeof what);
    fprintf(stderr, "kvant: changed %s\n", what);
    return true;
}
