#include "app/sql_question.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/number.h"

enum { LONGEST_NAME = 64 };

/* ---- names ---- */

/* What SQL can begin with. */
static const char *const beginnings[] = { "select",    "with",    "values",  "explain", "pragma",  "insert",
                                          "update",    "delete",  "replace", "create",  "drop",    "alter",
                                          "attach",    "detach",  "begin",   "commit",  "end",     "rollback",
                                          "savepoint", "release", "vacuum",  "analyze", "reindex", "table" };

static bool has_name_form(const char *word)
{
    size_t n = strlen(word);
    if (n == 0 || n > LONGEST_NAME || !isalpha((unsigned char)word[0])) return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)word[i]) && !strchr("-_", word[i])) return false;
    return true;
}

bool sql_question_name(const char *word)
{
    if (!has_name_form(word)) return false;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strcasecmp(beginnings[i], word) == 0) return false;
    return true;
}

bool sql_question_check_name(const char *word, fault *f)
{
    if (sql_question_name(word)) return true;
    if (has_name_form(word)) return fault_set(f, FAULT_USAGE, "\"%s\" begins SQL; a question needs another name", word);
    return fault_set(f, FAULT_USAGE,
                     "\"%.80s\" is no name for a question: a letter, then letters, digits, - and _, at most %d in all",
                     word, LONGEST_NAME);
}

/* ---- parameters ---- */

typedef struct parameters {
    char name[SQL_VALUES][LONGEST_NAME + 2]; /* with the sign */
    size_t n;
    bool too_many;
} parameters;

static bool take_parameter(void *arg, const char *name)
{
    parameters *p = arg;
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->name[i], name) == 0) return true;
    p->too_many = p->n == SQL_VALUES || strlen(name) >= sizeof p->name[0];
    if (p->too_many) return false;
    strcpy(p->name[p->n++], name);
    return true;
}

static bool read_parameters(store *s, const char *sql, parameters *p, fault *f)
{
    *p = (parameters){ 0 };
    if (!store_check_query(s, sql, take_parameter, p, f)) return false;
    return !p->too_many || fault_set(f, FAULT_INPUT, "SQL: more than %d parameters, or one with a name longer than %d",
                                     SQL_VALUES, LONGEST_NAME);
}

/* The comment line "-- :name = value": where the value stands, and its length; NULL: there is none. */
static const char *given_by_comment(const char *sql, const char *name, size_t *length)
{
    for (const char *line = sql; strncmp(line, "--", 2) == 0; line++) {
        const char *at = line + 2 + strspn(line + 2, " ");
        size_t n = strlen(name);
        if (strncmp(at, name, n) == 0 && (at[n] == ' ' || at[n] == '=')) {
            at += n + strspn(at + n, " ");
            at += *at == '=';
            at += strspn(at, " ");
            *length = strcspn(at, " \t\r\n");
            if (*length) return at;
        }
        line = strchr(line, '\n');
        if (!line) break;
    }
    return NULL;
}

bool sql_question_takes(store *s, const char *sql, char *text, size_t capacity, fault *f)
{
    parameters p;
    if (!read_parameters(s, sql, &p, f)) return false;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < p.n && used < capacity; i++) {
        size_t n;
        const char *given = given_by_comment(sql, p.name[i], &n);
        used += (size_t)snprintf(text + used, capacity - used, given ? "%s[%s=%.*s]" : "%s%s", i ? " " : "", p.name[i],
                                 given ? (int)n : 0, given ? given : "");
    }
    return true;
}

/* ---- values ---- */

static const char *keep(sql_values *v, const char *text, size_t n, fault *f)
{
    char *copy = strndup(text, n);
    if (!copy) fault_memory(f, "a value");
    if (copy) v->letters[v->n_letters++] = copy;
    return copy;
}

static store_value value_of(const char *text)
{
    char *end;
    size_t n = strlen(text);
    store_value v = { .kind = STORE_TEXT, .bytes = text, .n = n };
    errno = 0;
    const long long whole = strtoll(text, &end, 10);
    if (n && !*end && !errno && !isspace((unsigned char)*text)) {
        v.kind = STORE_INTEGER;
        v.integer = whole;
    } else if (number_read(text, n, &v.real)) {
        v.kind = STORE_REAL;
    } else if (strcmp(text, "NULL") == 0) {
        v.kind = STORE_NULL;
    }
    return v;
}

static bool add(sql_values *v, const char *name, const char *text, size_t n, fault *f)
{
    const char *own_name = keep(v, name, strlen(name), f), *own = own_name ? keep(v, text, n, f) : NULL;
    if (!own) return false;
    v->values[v->n++] = (store_binding){ own_name, value_of(own) };
    return true;
}

static bool has_value(const sql_values *v, const char *name)
{
    for (size_t i = 0; i < v->n; i++)
        if (strcmp(v->values[i].name, name) == 0) return true;
    return false;
}

/* The parameter that ":name=value" names, and where its value begins; NULL: the word is a value. */
static const char *named_by(const parameters *p, const char *word, const char **value)
{
    for (size_t i = 0; i < p->n; i++) {
        size_t n = strlen(p->name[i]);
        if (strncmp(p->name[i], word, n) != 0 || word[n] != '=') continue;
        *value = word + n + 1;
        return p->name[i];
    }
    return NULL;
}

static bool surplus(store *s, const char *name, const char *sql, const char *word, fault *f)
{
    char takes[256];
    if (!sql_question_takes(s, sql, takes, sizeof takes, f)) return false;
    return fault_set(f, FAULT_USAGE, "the question %s has nothing for \"%.80s\"; it takes %s", name, word,
                     *takes ? takes : "no values");
}

static bool take_typed(store *s, const char *name, const char *sql, const parameters *p, const char *word,
                       sql_values *v, fault *f)
{
    const char *value = word, *parameter = named_by(p, word, &value);
    for (size_t i = 0; !parameter && i < p->n; i++)
        if (!has_value(v, p->name[i])) parameter = p->name[i];
    if (!parameter) return surplus(s, name, sql, word, f);
    if (has_value(v, parameter)) return fault_set(f, FAULT_USAGE, "the question %s is given %s twice", name, parameter);
    return add(v, parameter, value, strlen(value), f);
}

bool sql_values_read(store *s, const char *name, const char *sql, size_t n, const char *const *typed, sql_values *v,
                     fault *f)
{
    parameters p;
    *v = (sql_values){ 0 };
    if (!read_parameters(s, sql, &p, f)) return false;
    for (size_t i = 0; i < n; i++)
        if (!take_typed(s, name, sql, &p, typed[i], v, f)) return false;
    for (size_t i = 0; i < p.n; i++) {
        size_t length;
        const char *given = has_value(v, p.name[i]) ? NULL : given_by_comment(sql, p.name[i], &length);
        if (given && !add(v, p.name[i], given, length, f)) return false;
        if (given || has_value(v, p.name[i])) continue;
        if (!*name) return fault_set(f, FAULT_INPUT, "SQL: the parameter %s has no value", p.name[i]);
        return fault_set(f, FAULT_USAGE, "the question %s needs a value for %s", name, p.name[i]);
    }
    return true;
}

void sql_values_free(sql_values *v)
{
    for (size_t i = 0; i < v->n_letters; i++)
        free(v->letters[i]);
    *v = (sql_values){ 0 };
}
