/* sql_question.h - questions by name, and values for what they leave open.
 *
 * A question is a text of SQL. Its first comment line is its title; comment lines like
 *
 *     -- :kld = 0.01  nats
 *
 * give a parameter a value for when none is asked for. Values are typed in the order in which the parameters come, or
 * by name:
 *
 *     best 0.02         best :kld=0.02
 *
 * A value that reads as a number is one, NULL is NULL, everything else is text. [main thread]
 */
#ifndef KVANT_APP_SQL_QUESTION_H
#define KVANT_APP_SQL_QUESTION_H

#include "db/store.h"

/* Could this word be a question's name, and not the beginning of SQL? Letters, digits, - and _, at most 64. */
bool sql_question_name(const char *word);

/* The same, with a fault that says what a name is. */
bool sql_question_check_name(const char *word, fault *f);

enum { SQL_VALUES = 64 };

typedef struct sql_values {
    store_binding values[SQL_VALUES];
    size_t n;
    char *letters[2 * SQL_VALUES]; /* names and texts, owned */
    size_t n_letters;
} sql_values;

/* Finds a value for each parameter of the SQL: among the n typed words, else the one its comment gives. A value for
 * nothing, or nothing for a parameter, is a fault that says what the question takes. name: "" for SQL that has none.
 * sql_values_free afterwards, also on failure. */
bool sql_values_read(store *s, const char *name, const char *sql, size_t n, const char *const *typed, sql_values *v,
                     fault *f);
void sql_values_free(sql_values *v);

/* "KLD [MOST=20]": what a question takes, for people. */
bool sql_question_takes(store *s, const char *sql, char *text, size_t capacity, fault *f);

#endif
