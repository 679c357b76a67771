/* The conditions of a report, in SQL. */
#include "app/page/gather.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/page/escape.h"

static void put_equal(FILE *to, const char *column, const char *text)
{
    fprintf(to, " AND %s = ", column);
    escape_sql(to, text);
}

/* A name may be any of the columns. */
static void put_any(FILE *to, const char *text, const char *columns)
{
    if (!text) return;
    fputs(" AND ", to);
    escape_sql(to, text);
    fprintf(to, " IN (%s)", columns);
}

static void put_count(FILE *to, const char *column, int64_t n)
{
    if (n > 0) fprintf(to, " AND %s = %" PRId64, column, n);
}

static void put_selection(FILE *to, const store_selection *set)
{
    put_any(to, set->model, "model_hash, model, model_path");
    put_any(to, set->text, "text_hash, text");
    put_any(to, set->protocol, "protocol");
    put_count(to, "ctx", set->ctx);
    put_count(to, "eval", set->eval);
    put_count(to, "passages", set->passages);
}

static void put_set(FILE *to, const store_run *like)
{
    put_equal(to, "model_hash", like->model.hash);
    put_equal(to, "text_hash", like->text.hash);
    put_equal(to, "protocol", like->protocol);
    fprintf(to, " AND ctx = %" PRId64 " AND eval = %" PRId64 " AND passages = %" PRId64, like->ctx, like->eval,
            like->passages);
}

char *gather_where(const page_request *request, const store_run *set)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    fputs("1", to);
    const char *where = request->where; /* gather_sets has checked it */
    if (where && where[strspn(where, " \t\r\n")]) fprintf(to, " AND (%s\n)", where);
    put_selection(to, &request->set);
    if (set) put_set(to, set);
    bool ok = !ferror(to);
    if (fclose(to) == 0 && ok) return text;
    free(text);
    return NULL;
}
