/* What somebody's SQL may do: SQLite asks for every table, column and function while it compiles. */
#include "db/store_db.h"

#include <string.h>
#include <strings.h>

typedef struct readable_pragma {
    const char *name;
    bool takes_argument; /* which then only selects what is told; without it the pragma tells a setting */
} readable_pragma;

static const readable_pragma readable_pragmas[] = {
    { "application_id", false },   { "collation_list", false },  { "compile_options", false },
    { "data_version", false },     { "database_list", false },   { "encoding", false },
    { "foreign_key_check", true }, { "foreign_key_list", true }, { "foreign_keys", false },
    { "freelist_count", false },   { "function_list", false },   { "index_info", true },
    { "index_list", true },        { "index_xinfo", true },      { "integrity_check", true },
    { "journal_mode", false },     { "page_count", false },      { "page_size", false },
    { "pragma_list", false },      { "quick_check", true },      { "schema_version", false },
    { "table_info", true },        { "table_list", true },       { "table_xinfo", true },
    { "user_version", false },
};

static bool pragma_reads(const char *name, const char *argument)
{
    for (size_t i = 0; i < sizeof readable_pragmas / sizeof readable_pragmas[0]; i++)
        if (strcasecmp(readable_pragmas[i].name, name) == 0) return readable_pragmas[i].takes_argument || !argument;
    return false;
}

int store_only_reads(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *view)
{
    (void)arg, (void)database, (void)view;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return second && strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    /* SQLite asks this when a table-valued function (json_each, pragma_table_info) is first used, and then writes
     * nothing; an UPDATE of the schema itself is refused by the connection's defensive mode. */
    case SQLITE_UPDATE: return first && strcmp(first, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_PRAGMA: return first && pragma_reads(first, second) ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
    }
}

/* A run is what an evaluation made: rows of these are only deleted, but for what is remarked on them. */
static bool may_insert(const char *table)
{
    static const char *const made[] = { "runs",          "run_layers",      "run_blocks", "run_items",
                                        "sqlite_master", "sqlite_sequence", "revisions" };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        if (strcasecmp(made[i], table) == 0) return false;
    return true;
}

/* Counted by triggers alone. */
static bool is_counter(const char *table)
{
    return strcasecmp(table, "revisions") == 0;
}

static bool may_update(const char *table, const char *column, const char *trigger)
{
    if (strcasecmp(table, "sqlite_master") == 0) return true; /* as above */
    if (strncasecmp(table, "sqlite_", 7) == 0) return false;
    if (is_counter(table)) return trigger != NULL;
    return strcasecmp(table, "runs") != 0 || (strcasecmp(column, "uid") != 0 && strcasecmp(column, "id") != 0);
}

static bool may_delete(const char *table)
{
    return strncasecmp(table, "sqlite_", 7) != 0 && !is_counter(table);
}

int store_may_change(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *view)
{
    switch (action) {
    case SQLITE_INSERT: return may_insert(first) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_UPDATE: return may_update(first, second, view) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_DELETE: return may_delete(first) ? SQLITE_OK : SQLITE_DENY;
    default: return store_only_reads(arg, action, first, second, database, view);
    }
}
