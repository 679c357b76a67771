#include "db/record.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *at(void *record, const record_field *field)
{
    return (char *)record + field->offset;
}

static const void *at_const(const void *record, const record_field *field)
{
    return (const char *)record + field->offset;
}

const record_field *record_find(const record_field *fields, const char *name)
{
    for (const record_field *field = fields; field->name; field++)
        if (strcmp(field->name, name) == 0) return field;
    return NULL;
}

static int bind_field(sqlite3_stmt *stmt, int i, const record_field *field, const void *record)
{
    const void *value = at_const(record, field);
    if (field->kind == RECORD_TEXT) {
        const char *text = *(const char *const *)value;
        return sqlite3_bind_text(stmt, i, text ? text : "", -1, SQLITE_STATIC);
    }
    if (field->kind == RECORD_REAL) {
        double real = *(const double *)value;
        return isnan(real) ? sqlite3_bind_null(stmt, i) : sqlite3_bind_double(stmt, i, real);
    }
    int64_t integer = *(const int64_t *)value;
    if (field->kind == RECORD_COUNT && integer < 0) return sqlite3_bind_null(stmt, i);
    return sqlite3_bind_int64(stmt, i, integer);
}

int record_bind(sqlite3_stmt *stmt, const record_field *fields, const void *record)
{
    int n = sqlite3_bind_parameter_count(stmt);
    for (int i = 1; i <= n; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        const record_field *field = name ? record_find(fields, name + 1) : NULL;
        int rc = field ? bind_field(stmt, i, field, record) : SQLITE_OK;
        if (rc != SQLITE_OK) return rc;
    }
    return SQLITE_OK;
}

record_map record_columns(sqlite3_stmt *stmt, const record_field *fields)
{
    record_map map = { .n = sqlite3_column_count(stmt) };
    if (map.n > RECORD_COLUMNS) map.n = RECORD_COLUMNS;
    for (int i = 0; i < map.n; i++) {
        const char *name = sqlite3_column_name(stmt, i);
        map.field[i] = name ? record_find(fields, name) : NULL;
    }
    return map;
}

bool record_read(sqlite3_stmt *stmt, const record_map *map, void *record)
{
    for (int i = 0; i < map->n; i++) {
        const record_field *field = map->field[i];
        if (!field) continue;
        bool null = sqlite3_column_type(stmt, i) == SQLITE_NULL;
        void *to = at(record, field);
        if (field->kind == RECORD_TEXT) {
            const char *text = null ? "" : (const char *)sqlite3_column_text(stmt, i);
            if (!text) return false;
            *(const char **)to = text;
        } else if (field->kind == RECORD_REAL) {
            *(double *)to = null ? NAN : sqlite3_column_double(stmt, i);
        } else {
            *(int64_t *)to = null && field->kind == RECORD_COUNT ? -1 : sqlite3_column_int64(stmt, i);
        }
    }
    return true;
}

void record_blank(const record_field *fields, void *record)
{
    for (const record_field *field = fields; field->name; field++) {
        void *to = at(record, field);
        if (field->kind == RECORD_TEXT)
            *(const char **)to = "";
        else if (field->kind == RECORD_REAL)
            *(double *)to = NAN;
        else
            *(int64_t *)to = field->kind == RECORD_COUNT ? -1 : 0;
    }
}

void *record_copy(const record_field *fields, const void *record, size_t size)
{
    size_t bytes = size;
    for (const record_field *field = fields; field->name; field++)
        if (field->kind == RECORD_TEXT) bytes += strlen(*(const char *const *)at_const(record, field)) + 1;
    char *copy = malloc(bytes);
    if (!copy) return NULL;
    memcpy(copy, record, size);
    char *text = copy + size;
    for (const record_field *field = fields; field->name; field++) {
        if (field->kind != RECORD_TEXT) continue;
        const char **to = at(copy, field);
        size_t n = strlen(*to) + 1;
        memcpy(text, *to, n);
        *to = text;
        text += n;
    }
    return copy;
}
