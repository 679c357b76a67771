/* table_query.h - the answer of the database as a table. */
#ifndef KVANT_APP_TABLE_QUERY_H
#define KVANT_APP_TABLE_QUERY_H

#include "app/table.h"
#include "db/store.h"

/* Runs one SQL statement that only reads (store_query) and keeps its rows; a blob becomes text like x'00ff'. The caller
 * frees the table. NULL with a fault for a mistake or when store_stop_when says so. */
table *table_query(store *s, const char *sql, fault *f);

#endif
