/* table_query.h - the answers of the database as tables. */
#ifndef KVANT_APP_TABLE_QUERY_H
#define KVANT_APP_TABLE_QUERY_H

#include "app/table.h"
#include "db/store.h"

/* Runs one SQL statement that only reads (store_query) and keeps its rows; a blob becomes text like x'00ff'. The caller
 * frees the table. NULL with a fault for a mistake or when store_stop_when says so. */
table *table_query(store *s, const char *sql, fault *f);

enum { TABLE_QUERY_MOST = 1000000 }; /* rows that are kept to be drawn */

/* Answers written as they come, one after another with an empty line between (json: one document after another).
 *
 *     table_answers a = table_answers_to(stdout, style);
 *     store_reader reader = table_answers_reader(&a);
 *     bool ok = store_query_at(s, sql, &at, NULL, 0, &reader, &f);
 *     ok = table_answers_end(&a, ok, &f);
 *
 * csv and json take rows without end, the others TABLE_QUERY_MOST. A statement without columns has no answer. */
typedef struct table_answers {
    FILE *out;
    table_style style;
    size_t n, rows; /* answers begun, rows of the last one */
    table *t;       /* the rows that are not written yet */
    bool started;   /* some of t's rows are */
    bool failed;    /* why says how */
    fault why;
} table_answers;

table_answers table_answers_to(FILE *out, table_style style);
store_reader table_answers_reader(table_answers *a);

/* Ends the last answer. ok and f: what became of the statement; rows of one that failed are not drawn. */
bool table_answers_end(table_answers *a, bool ok, fault *f);

#endif
