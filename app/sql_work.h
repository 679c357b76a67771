/* sql_work.h - what the parts of `kvant sql` share: where SQL comes from, what it is asked on, where answers go. */
#ifndef KVANT_APP_SQL_WORK_H
#define KVANT_APP_SQL_WORK_H

#include "app/app.h"
#include "app/table_query.h"

typedef struct sql_work {
    app_context *app;
    const command_line *line;
    store *database;
    FILE *out;
    table_style style;
} sql_work;

/* What the line says: SQL, or the name of a question and values for it. */
typedef struct sql_text {
    char *sql;   /* owned */
    char *words; /* what `typed` points into; owned */
    char **typed;
    size_t n_typed;
    char name[80]; /* of the question; "": it is none */
} sql_text;

/* Reads it: from the arguments, --file, or standard input ("-"). sql_text_free afterwards, also on failure. The
 * database may be NULL for a text that is not looked up. (app/sql_text.c) */
bool sql_text_read(sql_work *w, bool look_up, sql_text *t, fault *f);
void sql_text_free(sql_text *t);

/* .schema, .tables, .questions, .mode, .timer: a line that begins with a dot. (app/sql_dot.c) */
bool sql_dot(sql_work *w, const char *line, fault *f);

/* Runs the text's statements one after another and writes their answers. (app/sql_ask.c) */
bool sql_ask(sql_work *w, const sql_text *t, fault *f);

/* --write: asks whether it may, and runs the statements in one transaction. (app/sql_write.c) */
bool sql_write(sql_work *w, const char *sql, fault *f);

#endif
